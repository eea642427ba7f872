// How turns differ from the reference, by the rules of `diarize score`, so that the figures follow each correction.
import { assignment } from "./assignment.js";
import { common, covered } from "./statistics.js";
import { turnsOf } from "./document.js";

const FAITHFUL = 1e-9; // seconds by which a delivered pair is worth more: it stays where another is just as good

// Map of the ids of speakers to the names of those in the reference: one-to-one, of the longest common time.
export function pairs({ reference, speakers, turns }) {
  const names = [...new Set(reference.turns.map((turn) => turn.speaker))];
  const theirs = names.map((name) => covered(turnsOf(reference, name)));
  const worth = speakers.map(({ id }) => {
    const own = covered(turnsOf({ turns }, id));
    return names.map((name, place) => {
      const time = common(own, theirs[place]);
      return time && time + (reference.pairs[id] === name ? FAITHFUL : 0);
    });
  });
  return new Map(assignment(worth).map(([row, column]) => [speakers[row].id, names[column]]));
}

export function differences(document, paired = pairs(document)) {
  const events = [
    ...document.turns.flatMap((turn) => boundaries(turn, "own", turn.speaker)),
    ...document.reference.turns.flatMap((turn) => boundaries(turn, "reference", turn.speaker)),
  ].sort((a, b) => a.time - b.time);
  const active = { own: new Map(), reference: new Map() };
  const found = [];
  const runs = {};
  events.forEach((event, place) => {
    const side = active[event.side];
    side.set(event.speaker, (side.get(event.speaker) ?? 0) + event.change);
    if (!side.get(event.speaker)) side.delete(event.speaker);
    const next = events[place + 1]?.time ?? event.time;
    if (next > event.time || place === events.length - 1) note(runs, found, event.time, counts(active, paired));
  });
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

export function totals(found) {
  const sums = { missed: 0, "false alarm": 0, confusion: 0 };
  for (const item of found) sums[item.kind] += (item.end - item.start) * item.count;
  return sums;
}

function boundaries(turn, side, speaker) {
  return [
    { time: turn.start, change: 1, side, speaker },
    { time: turn.end, change: -1, side, speaker },
  ];
}

function counts(active, paired) {
  const [own, reference] = [active.own.size, active.reference.size];
  const both = Math.min(own, reference);
  const correct = [...active.own.keys()].filter((id) => active.reference.has(paired.get(id))).length;
  return { missed: reference - both, "false alarm": own - both, confusion: both - correct };
}

// End the runs whose count changes at this time, begin those that start.
function note(runs, found, time, now) {
  for (const [kind, count] of Object.entries(now)) {
    const run = runs[kind];
    if (run?.count === count) continue;
    if (run) found.push({ start: run.start, end: time, kind, count: run.count });
    runs[kind] = count ? { start: time, count } : undefined;
  }
}
