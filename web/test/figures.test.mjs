import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, pairs, totals } from "../src/errors.js";
import { between, pyramid } from "../src/peaks.js";
import { next } from "../src/sound/schedule.js";
import { covered, statistics } from "../src/statistics.js";
import { clock, duration, parsed } from "../src/time.js";
import { clamped, endOf, fitted, resized, step, timeAt, turnedTo, xOf, zoomed } from "../src/view.js";
import { sample } from "./sample.mjs";

test("where turns overlap", () => {
  assert.deepEqual(covered(sample().turns, 2), [{ start: 3, end: 4 }]);
  assert.deepEqual(covered(sample().turns)[0], { start: 0, end: 6 });
  assert.deepEqual(covered([{ start: 0, end: 1 }, { start: 1, end: 2 }]), [{ start: 0, end: 2 }]);
});

test("totals worked out by hand", () => {
  const found = statistics(sample());
  assert.equal(found.speech, 10);
  assert.equal(found.silence, 10);
  assert.equal(found.overlapped, 1);
  assert.deepEqual(found.speakers[0], { id: "s1", total: 6, share: 6 / 11, turns: 2, mean: 3, longest: 4, overlapped: 1 / 6 });
  assert.equal(statistics(sample({ turns: [] })).speakers[0].share, 0);
});

const reference = {
  turns: [{ start: 0, end: 6, speaker: "anna" }, { start: 6, end: 10, speaker: "ben" }],
  pairs: { s1: "anna", s2: "ben" },
};

test("errors as in the example of diarize.evaluation", () => {
  const turns = [{ id: "t1", start: 0, end: 7, speaker: "s1" }, { id: "t2", start: 7, end: 9, speaker: "s2" }];
  const found = differences(sample({ turns, reference }));
  assert.deepEqual(found, [
    { start: 6, end: 7, kind: "confusion", count: 1 },
    { start: 9, end: 10, kind: "missed", count: 1 },
  ]);
  assert.deepEqual(totals(found), { missed: 1, "false alarm": 0, confusion: 1 });
});

test("a new speaker gets the partner that is left", () => {
  const turns = [{ id: "t1", start: 0, end: 6, speaker: "s1" }, { id: "t2", start: 6, end: 11, speaker: "s3" }];
  const document = sample({ turns, reference: { ...reference, pairs: { s1: "anna" } } });
  assert.deepEqual([...pairs(document)], [["s1", "anna"], ["s3", "ben"]]);
  assert.deepEqual(differences(document), [{ start: 10, end: 11, kind: "false alarm", count: 1 }]);
});

test("the axis: zoom keeps the time under the pointer, nothing leaves the recording", () => {
  const all = fitted(100, 500);
  const near = zoomed(all, 0.1, 40);
  assert.ok(Math.abs(xOf(near, 40) - 200) < 1e-9);
  assert.ok(Math.abs(timeAt(near, 200) - 40) < 1e-9);
  assert.equal(clamped({ ...near, start: 99 }).start + 10, 100 - 10 + 10);
  assert.deepEqual(zoomed(near, 100, 3), all);
  assert.equal(turnedTo(near, 40), near);
  const turned = turnedTo(near, 80);
  assert.ok(turned.start < 80 && endOf(turned) > 80);
  assert.equal(resized(all, 250, 100).scale, 0.4);
  assert.equal(step(0.01, 80), 1);
  assert.ok(zoomed(all, 1e-12, 5).scale * 16000 > 0.04);
});

test("peaks at every resolution have the same extremes, and the mean is that of all", () => {
  const peaks = new Int8Array(20000);
  peaks[7000] = -100;
  peaks[7001] = 90;
  const levels = pyramid(peaks, 100);
  assert.ok(levels.length > 1);
  assert.deepEqual(between(levels, 35, 35.01), [-100 / 127, 90 / 127, -100 / 127, 90 / 127]);
  for (const span of [0.1, 1, 10, 100]) assert.deepEqual(between(levels, 35 - 0.35 * span, 35 + 0.65 * span).slice(0, 2), [-100 / 127, 90 / 127]);
  const flat = pyramid(Int8Array.from({ length: 20000 }, (_, place) => (place % 2 ? 60 : -40)), 100);
  assert.deepEqual(between(flat, 3, 77), [-40 / 127, 60 / 127, -40 / 127, 60 / 127]);
  assert.equal(between(levels, 101, 102), null);
});

test("one speaker only: from stretch to stretch, then an end", () => {
  const stretches = [{ start: 1, end: 2 }, { start: 5, end: 6 }];
  assert.equal(next(stretches, 0), 1);
  assert.equal(next(stretches, 1.5), 1.5);
  assert.equal(next(stretches, 2), 5);
  assert.equal(next(stretches, 6), null);
});

test("times as text", () => {
  assert.equal(clock(62.25, 2), "1:02.25");
  assert.equal(clock(59.99, 1), "1:00.0");
  assert.equal(clock(3725, 0), "1:02:05");
  assert.equal(duration(3599.6), "59 min 59 s");
  assert.equal(parsed("1:02,5"), 62.5);
  assert.equal(parsed(" 1:00:00 "), 3600);
  assert.equal(parsed("soon"), null);
});
