// What is proposed and asked, over the lanes: whom a change takes a stretch from and gives it to, and where a question is.
import { endOf, xOf } from "../view.js";
import { box } from "./lanes.js";

export function drawProposal(context, env) {
  const { changes, asked } = env.proposal ?? { changes: [], asked: null };
  const places = new Map(env.document.speakers.map((speaker, place) => [speaker.name, place]));
  for (const part of changes.flat()) {
    if (part.end < env.view.start || part.start > endOf(env.view)) continue;
    for (const name of part.before) if (!part.after.includes(name) && places.has(name)) struck(context, env, box(env, part, places.get(name)));
    for (const name of part.after) if (!part.before.includes(name) && places.has(name)) coming(context, env, box(env, part, places.get(name)));
  }
  if (asked) question(context, env, asked);
}

function washed(context, colour, alpha, { left, top, width, height }) {
  context.fillStyle = colour;
  context.globalAlpha = alpha;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
}

function coming(context, { colours }, place) {
  const { left, top, width, height } = place;
  washed(context, colours.accent, 0.35, place);
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  context.setLineDash([5, 3]);
  context.strokeRect(left + 1, top + 1, Math.max(1, width - 2), height - 2);
  context.setLineDash([]);
}

function struck(context, { colours }, place) {
  const { left, top, width, height } = place;
  washed(context, colours.surface, 0.6, place);
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(left, top + height / 2);
  context.lineTo(left + width, top + height / 2);
  context.stroke();
}

function question(context, { view, colours, height }, { start, end }) {
  const [left, right] = [xOf(view, start), xOf(view, end)];
  context.strokeStyle = colours.accent;
  context.lineWidth = 3;
  context.strokeRect(left, 1.5, Math.max(3, right - left), height - 3);
}

// Where a person said that nobody speaks.
export function drawQuiet(context, { view, quiet, colours, height }) {
  context.strokeStyle = colours.muted;
  context.lineWidth = 1;
  for (const { start, end } of quiet) {
    if (end < view.start || start > endOf(view)) continue;
    const [left, right] = [Math.max(-9, xOf(view, start)), Math.min(view.width + 9, xOf(view, end))];
    context.save();
    context.beginPath();
    context.rect(left, 0, Math.max(2, right - left), height);
    context.clip();
    context.fillStyle = colours.beyond;
    context.fillRect(left, 0, Math.max(2, right - left), height);
    context.beginPath();
    for (let x = left - height; x < right; x += 9) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.globalAlpha = 0.5;
    context.stroke();
    context.restore();
  }
}
