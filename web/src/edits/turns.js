// Edits of turns: document -> document. Times are seconds; what would change nothing returns the same document.
// A turn that a person makes or changes here counts as checked.
import { freshId, inOrder, lengthOf, turnOf } from "../document.js";

export const SHORTEST = 0.01;

// One speaker does not talk twice at once: turns of one speaker that overlap become one; those that only touch stay two.
function settled(document, turns) {
  const open = new Map();
  const kept = [];
  for (const turn of [...turns].sort(inOrder)) {
    const place = open.get(turn.speaker);
    const before = place === undefined ? null : kept[place];
    if (before && turn.start < before.end) {
      const checked = before.checked || turn.checked;
      kept[place] = { ...before, end: Math.max(before.end, turn.end), confidence: pooled(before, turn), checked };
    } else {
      open.set(turn.speaker, kept.length);
      kept.push(turn);
    }
  }
  return { ...document, turns: kept.sort(inOrder) };
}

function pooled(one, other) {
  if (one.confidence === null || other.confidence === null) return one.confidence ?? other.confidence;
  const [a, b] = [one.end - one.start, other.end - other.start];
  return (one.confidence * a + other.confidence * b) / (a + b);
}

export function drawTurn(document, speaker, from, to) {
  const [start, end] = within(document, Math.min(from, to), Math.max(from, to));
  if (end - start < SHORTEST) return document;
  const turn = { id: freshId(document.turns, "t"), start, end, speaker, confidence: null, checked: true };
  return settled(document, [...document.turns, turn]);
}

export function moveTurn(document, id, start, end) {
  const turn = turnOf(document, id);
  const [first, last] = within(document, start, end);
  if (!turn || last - first < SHORTEST || (first === turn.start && last === turn.end)) return document;
  return settled(document, document.turns.map((item) => (item.id === id ? { ...item, start: first, end: last, checked: true } : item)));
}

export function moveStart(document, id, start) {
  const turn = turnOf(document, id);
  return turn ? moveTurn(document, id, Math.min(start, turn.end - SHORTEST), turn.end) : document;
}

export function moveEnd(document, id, end) {
  const turn = turnOf(document, id);
  return turn ? moveTurn(document, id, turn.start, Math.max(end, turn.start + SHORTEST)) : document;
}

export function deleteTurns(document, ids) {
  const turns = document.turns.filter((turn) => !ids.includes(turn.id));
  return turns.length === document.turns.length ? document : { ...document, turns };
}

export function reassign(document, ids, speaker) {
  const moved = document.turns.filter((turn) => ids.includes(turn.id) && turn.speaker !== speaker);
  if (!moved.length || !document.speakers.some((item) => item.id === speaker)) return document;
  // what a person says is certain: the machine's confidence was about another speaker
  const turns = document.turns.map((turn) => (moved.includes(turn) ? { ...turn, speaker, confidence: null, checked: true } : turn));
  return settled(document, turns);
}

export function splitTurn(document, id, time) {
  const turn = turnOf(document, id);
  if (!turn || time - turn.start < SHORTEST || turn.end - time < SHORTEST) return document;
  const left = { ...turn, end: time, checked: true };
  const right = { ...turn, id: freshId(document.turns, "t"), start: time, checked: true };
  const turns = document.turns.map((item) => (item === turn ? left : item));
  return { ...document, turns: [...turns, right].sort(inOrder) };
}

// Whether a person says of these turns that they are right.
export function confirm(document, ids, checked = true) {
  const wanted = (turn) => ids.includes(turn.id) && turn.checked !== checked;
  if (!document.turns.some(wanted)) return document;
  return { ...document, turns: document.turns.map((turn) => (wanted(turn) ? { ...turn, checked } : turn)) };
}

function within(document, start, end) {
  return [Math.max(0, start), Math.min(lengthOf(document), end)];
}

export { pooled, settled };
