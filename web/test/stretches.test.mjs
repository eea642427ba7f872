import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, quiet } from "../src/document.js";
import { accept, asItIs, nobody, silence, speak } from "../src/edits/stretches.js";
import { json } from "../src/exports/json.js";

const turn = (id, start, end, speaker, checked = false) => ({ id, start, end, speaker, confidence: 0.5, checked });
const talk = (...turns) =>
  opened({ recording: { uri: "talk", duration: 20 }, speakers: [{ id: "s1", name: "Anna" }, { id: "s2", name: "Ben" }], turns });
const shown = ({ speakers, turns }) =>
  turns.map((one) => `${speakers.find(({ id }) => id === one.speaker).name} ${one.start}-${one.end}${one.checked ? " ✓" : ""}`);

test("an answer about the middle of a turn leaves both ends as they were", () => {
  const before = talk(turn("t1", 0, 10, "s1"));
  const after = speak(before, 4, 6, ["s2"]);
  assert.deepEqual(shown(after), ["Anna 0-4", "Ben 4-6 ✓", "Anna 6-10"]);
  assert.equal(new Set(after.turns.map(({ id }) => id)).size, 3);
  assert.deepEqual(shown(asItIs(before, 4, 6)), ["Anna 0-4", "Anna 4-6 ✓", "Anna 6-10"]);
  assert.deepEqual(shown(before), ["Anna 0-10"]);
});

test("several speak at once, and nobody else", () => {
  const before = talk(turn("t1", 0, 10, "s1"), turn("t2", 5, 7, "s2"));
  assert.deepEqual(shown(speak(before, 4, 6, ["s1", "s2"])), ["Anna 0-4", "Anna 4-6 ✓", "Ben 4-6 ✓", "Ben 6-7", "Anna 6-10"]);
});

test("nobody speaks: turns go, the silence is kept, and joins with one that it touches", () => {
  const after = nobody(nobody(talk(turn("t1", 0, 10, "s1"), turn("t2", 3, 5, "s2")), 2, 4), 4, 6);
  assert.deepEqual(shown(after), ["Anna 0-2", "Anna 6-10"]);
  assert.deepEqual(after.silence, [{ start: 2, end: 6 }]);
  assert.deepEqual(silence(talk(turn("t1", 1, 2, "s1")), ["t1"]).silence, [{ start: 1, end: 2 }]);
  assert.deepEqual(asItIs(talk(), 1, 2).silence, [{ start: 1, end: 2 }]);
});

test("a checked turn has the last word over a silence; the export says what is left", () => {
  const after = speak(nobody(talk(turn("t1", 0, 10, "s1")), 2, 6), 3, 4, ["s2"]);
  assert.deepEqual(quiet(after), [{ start: 2, end: 3 }, { start: 4, end: 6 }]);
  assert.deepEqual(JSON.parse(json(after)).silence, quiet(after));
  assert.equal("silence" in JSON.parse(json(talk())), false);
});

test("changes that are taken move only whom they name, and pieces of one speaker that touch join", () => {
  const before = talk(turn("t1", 0, 4, "s1"), turn("t2", 4, 8, "s2"), turn("t3", 5, 6, "s1", true));
  const change = { start: 4, end: 5, before: ["Ben"], after: ["Anna"], confidence: 0.5 };
  assert.deepEqual(shown(accept(before, [[change]])), ["Anna 0-5", "Anna 5-6 ✓", "Ben 5-8"]);
  const third = { start: 7, end: 8, before: ["Ben"], after: ["Cleo"], confidence: 0.9 };
  assert.deepEqual(shown(accept(before, [[third]])).at(-1), "Cleo 7-8");
  assert.equal(accept(before, []), before);
});
