// How turns differ from the reference, by the rules of `diarize score`, so that the figures follow each correction.
// The delivered pairs of speakers are kept as long as both are there; the rest is paired by the longest common time.
import { common, covered } from "./statistics.js";
import { turnsOf } from "./document.js";

export function pairs(document) {
  const { reference } = document;
  const found = new Map();
  const used = new Set();
  for (const speaker of document.speakers) {
    const name = reference.pairs[speaker.id];
    if (name !== undefined) {
      found.set(speaker.id, name);
      used.add(name);
    }
  }
  const free = [...new Set(reference.turns.map((turn) => turn.speaker))].filter((name) => !used.has(name));
  const candidates = [];
  for (const speaker of document.speakers.filter((item) => !found.has(item.id))) {
    const own = covered(turnsOf(document, speaker.id));
    for (const name of free) {
      const time = common(own, covered(reference.turns.filter((turn) => turn.speaker === name)));
      if (time > 0) candidates.push([time, speaker.id, name]);
    }
  }
  for (const [, id, name] of candidates.sort((a, b) => b[0] - a[0])) {
    if (!found.has(id) && !used.has(name)) {
      found.set(id, name);
      used.add(name);
    }
  }
  return found;
}

export function differences(document) {
  const paired = pairs(document);
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
