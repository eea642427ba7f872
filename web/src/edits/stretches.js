// What is said of a stretch of time: document -> document. Turns that reach over its ends are cut there; pieces outside
// stay what they are.
import { freshId, inOrder } from "../document.js";
import { addSpeaker } from "./speakers.js";
import { SHORTEST, pooled, settled } from "./turns.js";

const TOUCH = 1e-3; // seconds

// No turn of those that are `meant` is inside any more.
function without(document, start, end, meant = () => true) {
  const turns = [];
  for (const turn of document.turns) {
    if (turn.end <= start || turn.start >= end || !meant(turn)) {
      turns.push(turn);
      continue;
    }
    const left = start - turn.start >= SHORTEST;
    if (left) turns.push({ ...turn, end: start });
    if (turn.end - end >= SHORTEST) turns.push({ ...turn, id: left ? freshId([...document.turns, ...turns], "t") : turn.id, start: end });
  }
  return { ...document, turns: turns.sort(inOrder) };
}

function added(document, turn) {
  return settled(document, [...document.turns, { id: freshId(document.turns, "t"), ...turn }]);
}

// A person says: these speakers, at once where there are several, and nobody else.
export function speak(document, start, end, speakers) {
  const turn = (speaker) => ({ start, end, speaker, confidence: null, checked: true });
  return speakers.reduce((result, speaker) => added(result, turn(speaker)), without(document, start, end));
}

// A person says: nobody.
export function nobody(document, start, end) {
  const silence = [];
  for (const one of [...document.silence, { start, end }].sort((a, b) => a.start - b.start)) {
    const last = silence.at(-1);
    if (last && one.start <= last.end) silence[silence.length - 1] = { start: last.start, end: Math.max(last.end, one.end) };
    else silence.push(one);
  }
  return { ...without(document, start, end), silence };
}

// Nobody speaks in the time of these turns.
export function silence(document, ids) {
  const chosen = document.turns.filter((turn) => ids.includes(turn.id));
  return chosen.reduce((result, turn) => nobody(result, turn.start, turn.end), document);
}

// A person says: as it stands.
export function asItIs(document, start, end) {
  const inside = document.turns.filter((turn) => turn.start < end && turn.end > start);
  if (!inside.length) return nobody(document, start, end);
  const cut = inside.map((turn) => ({ ...turn, start: Math.max(turn.start, start), end: Math.min(turn.end, end), checked: true }));
  const whole = cut.filter((turn) => turn.end - turn.start >= SHORTEST);
  return whole.reduce((result, { id, ...turn }) => added(result, turn), without(document, start, end));
}

// Changes that the diarizer proposes, each a list of {start, end, before, after, confidence} with names.
export function accept(document, changes) {
  let result = document;
  const idOf = (name) => {
    if (!result.speakers.some((speaker) => speaker.name === name)) result = addSpeaker(result, name);
    return result.speakers.find((speaker) => speaker.name === name).id;
  };
  for (const { start, end, before, after, confidence } of changes.flat()) {
    const goes = new Set(before.filter((name) => !after.includes(name)).map(idOf));
    const comes = after.filter((name) => !before.includes(name)).map(idOf);
    result = without(result, start, end, (turn) => goes.has(turn.speaker));
    for (const speaker of comes) result = added(result, { start, end, speaker, confidence, checked: false });
  }
  return result === document ? document : joined(result);
}

// Turns of one speaker that touch become one, where nobody has checked them.
function joined(document) {
  const last = new Map();
  const turns = [];
  for (const turn of document.turns) {
    const place = last.get(turn.speaker);
    const before = turns[place];
    if (before && !before.checked && !turn.checked && turn.start - before.end < TOUCH) {
      turns[place] = { ...before, end: turn.end, confidence: pooled(before, turn) };
    } else {
      last.set(turn.speaker, turns.length);
      turns.push(turn);
    }
  }
  return { ...document, turns: turns.sort(inOrder) };
}
