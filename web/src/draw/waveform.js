// The waveform, in the colour of whoever talks: from peaks, or from samples where the zoom goes deeper than those.
import { between } from "../peaks.js";
import { colourOf } from "../palette.js";
import { endOf, timeAt, xOf } from "../view.js";

export function drawWaveform(context, { view, document, colours, width, height, levels, samples, sound }) {
  const middle = height / 2;
  shadeBeyond(context, view, sound, width, height, colours);
  context.fillStyle = colours.line;
  context.fillRect(0, Math.round(middle), width, 1);
  const inks = inksOf(view, document, width, colours.wave);
  const held = isDeep(view, levels) ? samples.between(view.start, endOf(view)) : null;
  if (held) drawSamples(context, view, held, inks, middle);
  else drawPeaks(context, view, levels, inks, middle);
}

// Whether peaks are too coarse for this view.
export const isDeep = (view, levels) => view.scale < 0.5 / levels[0].rate;

// Where a pixel stands for many peaks, their means stand out from their extremes.
function drawPeaks(context, view, levels, inks, middle) {
  for (let x = 0; x < inks.length; x += 1) {
    const found = between(levels, timeAt(view, x), timeAt(view, x + 1));
    if (!found) continue;
    const [low, high, lows, highs] = found;
    const bar = (from, to) => context.fillRect(x, middle - to * middle * 0.94, 1, Math.max(1, (to - from) * middle * 0.94));
    context.fillStyle = inks[x];
    context.globalAlpha = 0.45; // the extremes, behind what is usual
    bar(low, high);
    context.globalAlpha = 1;
    bar(lows, highs);
  }
}

function drawSamples(context, view, held, inks, middle) {
  const first = Math.max(0, Math.floor((view.start - held.start) * held.rate) - 1);
  const last = Math.min(held.values.length - 1, Math.ceil((endOf(view) - held.start) * held.rate) + 1);
  const loudest = held.loudest ?? (held.loudest = held.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6));
  const apart = 1 / held.rate / view.scale;
  const place = (i) => [xOf(view, held.start + i / held.rate), middle - (held.values[i] / loudest) * middle * 0.9];
  context.lineWidth = 1.4;
  let ink = null;
  for (let i = first; i <= last; i += 1) {
    const [x, y] = place(i);
    const now = inks[Math.min(inks.length - 1, Math.max(0, Math.floor(x)))];
    if (now !== ink) {
      if (ink) context.stroke();
      context.beginPath();
      if (i > first) context.moveTo(...place(i - 1));
      context.strokeStyle = context.fillStyle = ink = now;
    }
    context.lineTo(x, y);
    if (apart > 6) context.fillRect(x - 2, y - 2, 4, 4);
  }
  if (ink) context.stroke();
}

// A colour for each pixel: who talks there, the last one to begin where several do.
function inksOf(view, document, width, silent) {
  const inks = new Array(Math.ceil(width)).fill(silent);
  const marks = new Map(document.speakers.map((speaker) => [speaker.id, colourOf(speaker.mark)]));
  for (const turn of document.turns) {
    if (turn.end < view.start) continue;
    if (turn.start > endOf(view)) break;
    inks.fill(marks.get(turn.speaker), Math.max(0, Math.round(xOf(view, turn.start))), Math.max(0, Math.round(xOf(view, turn.end))));
  }
  return inks;
}

export function shadeBeyond(context, view, sound, width, height, colours) {
  const x = xOf(view, sound);
  if (x >= width) return;
  context.fillStyle = colours.beyond;
  context.fillRect(Math.max(0, x), 0, width, height);
}
