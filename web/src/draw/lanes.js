// A lane for each speaker: turns in colour and pattern, paler where they are less sure, a bar where others talk as well.
import { colourOf, inkOn, patternOf } from "../palette.js";
import { percent } from "../time.js";
import { endOf, xOf } from "../view.js";
import { drawProposal, drawQuiet } from "./proposal.js";
import { shadeBeyond } from "./waveform.js";

export const HANDLE = 9; // pixels of an edge that can be dragged

export function drawLanes(context, env) {
  const { view, document, colours, width, height, lanes, sound } = env;
  document.speakers.forEach((speaker, place) => {
    context.fillStyle = place % 2 ? colours["lane-other"] : colours.lane;
    context.fillRect(0, place * lanes.height, width, lanes.height);
  });
  shadeBeyond(context, view, sound, width, height, colours);
  drawQuiet(context, env);
  const places = new Map(document.speakers.map((speaker, place) => [speaker.id, { speaker, place }]));
  for (const turn of document.turns) {
    if (turn.end < view.start) continue;
    if (turn.start > endOf(view)) break;
    const { speaker, place } = places.get(turn.speaker);
    drawTurn(context, env, turn, speaker, box(env, turn, place));
  }
  drawReference(context, env, places);
  drawOverlap(context, env, places);
  drawProposal(context, env);
}

export function box({ view, lanes }, turn, place) {
  const left = Math.max(-20, xOf(view, turn.start));
  const right = Math.min(view.width + 20, xOf(view, turn.end));
  const top = place * lanes.height + lanes.label + 5;
  return { left, top, width: Math.max(1, right - left), height: lanes.height - lanes.label - 10 - lanes.reference };
}

function drawTurn(context, env, turn, speaker, { left, top, width, height }) {
  const { colours, store, only } = env;
  const muted = only && only !== turn.speaker;
  const sure = turn.checked ? 1 : (turn.confidence ?? 1);
  const outline = () => {
    context.beginPath();
    if (width > 6) context.roundRect(left, top, width, height, 4);
    else context.rect(left, top, width, height);
  };
  outline();
  context.globalAlpha = muted ? 0.2 : 0.35 + 0.65 * sure;
  context.fillStyle = colourOf(speaker.mark);
  context.fill();
  const pattern = width > 5 ? patternOf(context, speaker.mark) : null;
  if (pattern) {
    context.fillStyle = pattern;
    context.fill();
  }
  context.globalAlpha = 1;
  if (width > 4 && sure < 1 && !muted) drawConfidence(context, colours, sure, { left, top, width, height });
  if (width > 34 && height > 15 && !muted) label(context, env, turn, speaker, { left, top, width, height });
  if (turn.checked && width > 20 && !muted) tick(context, colours, left + width - 11, top + 11);
  if (store.selection.includes(turn.id)) {
    outline();
    context.strokeStyle = colours.surface;
    context.lineWidth = 5;
    context.stroke();
    context.strokeStyle = colours.text;
    context.lineWidth = 2.5;
    context.stroke();
    grip(context, colours, left, top, height);
    grip(context, colours, left + width, top, height);
  }
}

// How sure a turn is: a bar at its foot, as long as the confidence.
function drawConfidence(context, colours, sure, { left, top, width, height }) {
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.75;
  context.fillRect(left + 2, top + height - 4, width - 4, 3);
  context.globalAlpha = 1;
  context.fillStyle = colours.text;
  context.fillRect(left + 2, top + height - 4, (width - 4) * sure, 3);
}

function label(context, env, turn, speaker, { left, top, width, height }) {
  const from = Math.max(left, 0) + 6;
  const room = Math.min(left + width - (turn.checked ? 18 : 0), env.width) - from - 6;
  const text = env.words.get(turn.id) ?? (turn.checked || turn.confidence === null ? "" : percent(turn.confidence));
  if (room < 26 || !text) return;
  context.save();
  context.beginPath();
  context.rect(from, top, room, height);
  context.clip();
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "middle";
  const ink = inkOn(speaker.mark);
  if (patternOf(context, speaker.mark) || (!turn.checked && (turn.confidence ?? 1) < 0.6)) {
    context.fillStyle = colourOf(speaker.mark);
    context.globalAlpha = 0.9;
    context.beginPath();
    context.roundRect(from - 3, top + height / 2 - 9, Math.min(room, context.measureText(text).width) + 6, 16, 4);
    context.fill();
    context.globalAlpha = 1;
  }
  context.fillStyle = ink;
  context.fillText(text, from, top + height / 2 - 1);
  context.restore();
}

// A person has checked this turn.
function tick(context, colours, x, y) {
  context.fillStyle = colours.surface;
  context.beginPath();
  context.arc(x, y, 7, 0, 7);
  context.fill();
  context.strokeStyle = colours.text;
  context.lineWidth = 1.8;
  context.beginPath();
  context.moveTo(x - 3.5, y);
  context.lineTo(x - 1, y + 2.8);
  context.lineTo(x + 3.6, y - 2.8);
  context.stroke();
}

function grip(context, colours, x, top, height) {
  context.fillStyle = colours.text;
  context.beginPath();
  context.roundRect(x - 3, top + height / 2 - 9, 6, 18, 3);
  context.fill();
  context.fillStyle = colours.surface;
  context.fillRect(x - 0.5, top + height / 2 - 5, 1, 10);
}

function drawOverlap(context, env, places) {
  const { view, overlapped, colours } = env;
  context.fillStyle = colours.overlap;
  for (const part of overlapped) {
    if (part.end < view.start) continue;
    if (part.start > endOf(view)) break;
    const { left, top, width } = box(env, part, places.get(part.speaker).place);
    context.fillRect(left, top - 4, Math.max(1.5, width), 3);
  }
}

// What the reference says of a speaker: a thin outlined bar under the turns.
function drawReference(context, env, places) {
  const { view, document, colours, lanes, pairs } = env;
  if (!document.reference) return;
  const lanesOf = new Map([...pairs].map(([id, name]) => [name, places.get(id)?.place]));
  context.strokeStyle = colours.text;
  context.fillStyle = colours.muted;
  for (const turn of document.reference.turns) {
    if (turn.end < view.start || turn.start > endOf(view)) continue;
    const place = lanesOf.get(turn.speaker);
    if (place === undefined) continue;
    const [left, right] = [xOf(view, turn.start), xOf(view, turn.end)];
    context.globalAlpha = 0.75;
    context.fillRect(left, (place + 1) * lanes.height - lanes.reference - 1, Math.max(1, right - left), lanes.reference - 3);
    context.globalAlpha = 1;
  }
}
