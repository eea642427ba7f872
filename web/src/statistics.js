// Who talks how much: sums over turns.
import { turnsOf } from "./document.js";

// Where at least `count` turns run at once, as [{start, end}].
export function covered(turns, count = 1) {
  const changes = turns.flatMap((turn) => [[turn.start, 1], [turn.end, -1]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const found = [];
  let running = 0;
  for (const [time, change] of changes) {
    const before = running;
    running += change;
    if (before < count && running >= count) {
      // one that ends where the next begins goes on
      if (found.length && found.at(-1).end === time) found.at(-1).end = null;
      else found.push({ start: time, end: null });
    } else if (before >= count && running < count) found.at(-1).end = time;
  }
  return found;
}

export function seconds(segments) {
  return segments.reduce((sum, segment) => sum + segment.end - segment.start, 0);
}

// The time that two sorted lists of segments, each without overlap inside, have in common.
export function common(one, other) {
  let [sum, i, j] = [0, 0, 0];
  while (i < one.length && j < other.length) {
    sum += Math.max(0, Math.min(one[i].end, other[j].end) - Math.max(one[i].start, other[j].start));
    if (one[i].end < other[j].end) i += 1;
    else j += 1;
  }
  return sum;
}

// The parts of turns that lie in an overlap, as [{start, end, speaker}].
export function overlapped(turns, overlap) {
  const found = [];
  let first = 0;
  for (const turn of turns) {
    while (first < overlap.length && overlap[first].end <= turn.start) first += 1;
    for (let place = first; place < overlap.length && overlap[place].start < turn.end; place += 1) {
      const { start, end } = overlap[place];
      found.push({ start: Math.max(start, turn.start), end: Math.min(end, turn.end), speaker: turn.speaker });
    }
  }
  return found;
}

export function statistics(document) {
  const overlap = covered(document.turns, 2);
  const speech = seconds(covered(document.turns));
  const all = document.turns.reduce((sum, turn) => sum + turn.end - turn.start, 0);
  const speakers = document.speakers.map((speaker) => {
    const turns = turnsOf(document, speaker.id);
    const lengths = turns.map((turn) => turn.end - turn.start);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    return {
      id: speaker.id,
      total,
      share: all ? total / all : 0,
      turns: turns.length,
      mean: turns.length ? total / turns.length : 0,
      longest: lengths.reduce((most, length) => Math.max(most, length), 0),
      overlapped: total ? common(covered(turns), overlap) / total : 0,
    };
  });
  const silence = Math.max(0, document.recording.duration - speech);
  return { speakers, overlap, overlapped: seconds(overlap), speech, silence, turns: document.turns.length };
}
