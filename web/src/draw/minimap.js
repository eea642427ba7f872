// The whole recording at a glance, and which part of it is in sight.
import { between } from "../peaks.js";
import { colourOf } from "../palette.js";

export function drawMinimap(context, { document, colours, width, height, levels, length }) {
  const scale = length / width;
  context.fillStyle = colours.lane;
  context.fillRect(0, 0, width, height);
  context.fillStyle = colours.wave;
  context.globalAlpha = 0.4;
  for (let x = 0; x < width; x += 1) {
    const found = between(levels, x * scale, (x + 1) * scale);
    if (found) context.fillRect(x, (height / 2) * (1 - found[3] * 0.95), 1, Math.max(1, (height / 2) * (found[3] - found[2]) * 0.95));
  }
  context.globalAlpha = 1;
  const row = (height - 6) / Math.max(document.speakers.length, 1);
  const places = new Map(document.speakers.map((speaker, place) => [speaker.id, { place, colour: colourOf(speaker.mark) }]));
  for (const turn of document.turns) {
    const { place, colour } = places.get(turn.speaker);
    context.fillStyle = colour;
    context.fillRect(turn.start / scale, 3 + place * row + row * 0.12, Math.max(1, (turn.end - turn.start) / scale), Math.max(1.2, row * 0.76));
  }
}

export function drawWindow(context, { view, colours, width, height, length }) {
  const scale = length / width;
  const [left, right] = [view.start / scale, (view.start + view.scale * view.width) / scale];
  if (right - left > width - 1) return;
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.62;
  context.fillRect(0, 0, left, height);
  context.fillRect(right, 0, width - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  context.strokeRect(Math.max(1, left), 1, Math.max(4, Math.min(width - 1, right) - Math.max(1, left)), height - 2);
}
