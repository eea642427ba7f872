// What all exports share: turns in whole milliseconds with names, those of one speaker that touch joined.
import { inOrder } from "../document.js";

export function rows(document, { joined = false } = {}) {
  const names = new Map(document.speakers.map((speaker) => [speaker.id, speaker.name]));
  const open = new Map();
  const found = [];
  for (const turn of [...document.turns].sort(inOrder)) {
    const [start, end] = [Math.round(turn.start * 1000), Math.round(turn.end * 1000)];
    if (end <= start) continue;
    const name = names.get(turn.speaker);
    const before = open.get(name);
    if (joined && before && start <= before.end) {
      before.confidence = mean(before, { start, end, confidence: turn.confidence });
      before.end = Math.max(before.end, end);
      before.checked ||= turn.checked;
    } else {
      const row = { start, end, name, confidence: turn.confidence, checked: turn.checked };
      open.set(name, row);
      found.push(row);
    }
  }
  return found;
}

function mean(one, other) {
  if (one.confidence === null || other.confidence === null) return one.confidence ?? other.confidence;
  const [a, b] = [one.end - one.start, other.end - other.start];
  return (one.confidence * a + other.confidence * b) / (a + b);
}

export function seconds(milliseconds) {
  return `${Math.floor(milliseconds / 1000)}.${String(milliseconds % 1000).padStart(3, "0")}`;
}

export function clock(milliseconds, point) {
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(milliseconds / 3600000), Math.floor(milliseconds / 60000) % 60];
  const rest = String(milliseconds % 1000).padStart(3, "0");
  return `${two(hours)}:${two(minutes)}:${two(Math.floor(milliseconds / 1000) % 60)}${point}${rest}`;
}
