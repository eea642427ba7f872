import assert from "node:assert/strict";
import { test } from "node:test";
import { addSpeaker, merge, removeSpeaker, rename, split, splitFrom } from "../src/edits/speakers.js";
import { confirm, deleteTurns, drawTurn, moveEnd, moveStart, reassign, splitTurn } from "../src/edits/turns.js";
import { begun, committed, redone, undone } from "../src/history.js";
import { Store } from "../src/store.js";
import { sample, spans } from "./sample.mjs";

const checked = (document) => document.turns.filter((turn) => turn.checked).map((turn) => turn.id);

test("an edit leaves the document as it was", () => {
  const before = sample();
  const copy = structuredClone(before);
  rename(before, "s1", "Zoe");
  merge(before, "s1", "s2");
  split(before, ["t1"]);
  moveEnd(before, "t1", 8);
  deleteTurns(before, ["t1"]);
  splitTurn(before, "t1", 2);
  assert.deepEqual(before, copy);
});

test("rename trims; an empty name, an equal one and that of another speaker change nothing", () => {
  const before = sample();
  assert.equal(rename(before, "s2", "  Bea ").speakers[1].name, "Bea");
  assert.equal(rename(before, "s2", "  "), before);
  assert.equal(rename(before, "s2", "Ben"), before);
  assert.equal(rename(before, "s2", " Anna"), before);
});

test("merging joins turns that overlap and the confidence is the mean by length", () => {
  const after = merge(sample(), "s2", "s1");
  assert.deepEqual(spans(after), ["Anna 0-6", "Anna 7-9", "Cleo 10-12"]);
  assert.ok(Math.abs(after.turns[0].confidence - (0.9 * 4 + 0.5 * 3) / 7) < 1e-12);
  assert.equal(after.speakers.length, 2);
  assert.equal(merge(sample(), "s1", "s9").speakers.length, 3);
});

test("a speaker is split by chosen turns or from a time on, under an unused name", () => {
  const after = split(sample(), ["t3"]);
  assert.deepEqual(spans(after), ["Anna 0-4", "Ben 3-6", "speaker4 7-9", "Cleo 10-12"]);
  assert.deepEqual(spans(splitFrom(sample(), "s1", 5)), spans(after));
  const before = sample();
  assert.equal(splitFrom(before, "s1", 0), before);
  assert.equal(addSpeaker(sample()).speakers.at(-1).mark, 3);
});

test("marks of speakers stay when others go", () => {
  const after = addSpeaker(removeSpeaker(sample(), "s1"));
  assert.deepEqual(after.speakers.map((speaker) => speaker.mark), [1, 2, 3]);
  assert.deepEqual(spans(removeSpeaker(sample(), "s1")), ["Ben 3-6", "Cleo 10-12"]);
});

test("boundaries stay inside the recording and a turn keeps a length", () => {
  assert.equal(moveStart(sample(), "t1", -3).turns[0].start, 0);
  assert.equal(moveEnd(sample(), "t4", 99).turns.at(-1).end, 20);
  const short = moveEnd(sample(), "t1", -1).turns[0];
  assert.equal(short.end, 0.01);
  assert.deepEqual(spans(moveEnd(sample(), "t1", 8)), ["Anna 0-9", "Ben 3-6", "Cleo 10-12"]);
});

test("drawing, deleting, giving away, cutting", () => {
  assert.deepEqual(spans(drawTurn(sample(), "s2", 15, 14)).at(-1), "Ben 14-15");
  const before = sample();
  assert.equal(drawTurn(before, "s2", 5, 5.001), before);
  assert.deepEqual(spans(deleteTurns(sample(), ["t1", "t4"])), ["Ben 3-6", "Anna 7-9"]);
  const given = reassign(sample(), ["t3"], "s2");
  assert.deepEqual(spans(given), ["Anna 0-4", "Ben 3-6", "Ben 7-9", "Cleo 10-12"]);
  assert.equal(given.turns[2].confidence, null);
  const cut = splitTurn(sample(), "t1", 1.5);
  assert.deepEqual(spans(cut).slice(0, 2), ["Anna 0-1.5", "Anna 1.5-4"]);
  assert.equal(new Set(cut.turns.map((turn) => turn.id)).size, 5);
});

test("undo and redo walk through every document", () => {
  const documents = [sample()];
  let history = begun(documents[0]);
  for (let i = 1; i <= 500; i += 1) {
    documents.push(rename(documents.at(-1), "s1", `name ${i}`));
    history = committed(history, `${i}`, documents.at(-1));
  }
  for (let i = 499; i >= 0; i -= 1) {
    history = undone(history);
    assert.equal(history.present.document, documents[i]);
  }
  assert.equal(undone(history), history);
  for (let i = 1; i <= 500; i += 1) history = redone(history);
  assert.equal(history.present.document, documents[500]);
  assert.equal(redone(history), history);
  assert.equal(committed(history, "nothing", documents[500]), history);
});

test("what a person made, changed or confirmed is checked; whole speakers moved are not", () => {
  assert.deepEqual(checked(sample()), []);
  assert.deepEqual(checked(moveEnd(sample(), "t3", 8)), ["t3"]);
  assert.deepEqual(checked(reassign(sample(), ["t3", "t4"], "s2")), ["t3", "t4"]);
  assert.deepEqual(checked(drawTurn(sample(), "s1", 14, 15)), ["t5"]);
  assert.deepEqual(checked(splitTurn(sample(), "t1", 2)), ["t1", "t5"]);
  assert.deepEqual(checked(split(sample(), ["t3"])), ["t3"]);
  for (const document of [merge(sample(), "s2", "s1"), splitFrom(sample(), "s1", 5), rename(sample(), "s1", "Zoe")]) assert.deepEqual(checked(document), []);
  const right = confirm(sample(), ["t1", "t9"]);
  assert.deepEqual(checked(right), ["t1"]);
  assert.equal(confirm(right, ["t1"]), right);
  assert.deepEqual(checked(merge(right, "s2", "s1")), ["t1"]);
  assert.deepEqual(checked(confirm(right, ["t1"], false)), []);
});

test("turns from elsewhere are one step, and undone as one", () => {
  const store = new Store(sample());
  const before = store.document;
  store.select(["t1", "t2"]);
  store.confirm(["t1"]);
  const turns = [{ id: "t2", start: 8, end: 9, speaker: "s1" }, { id: "t7", start: 1, end: 2, speaker: "s1", checked: true }];
  assert.equal(store.replace("learnt", { speakers: [{ id: "s1", name: "Anna", mark: 4 }], turns }), true);
  assert.deepEqual(spans(store.document), ["Anna 1-2", "Anna 8-9"]);
  assert.deepEqual(checked(store.document), ["t7"]);
  assert.deepEqual(store.edits.turns.map((turn) => turn.confidence), [null, null]);
  assert.deepEqual(store.selection, ["t2"]);
  assert.equal(store.document.recording, before.recording);
  assert.equal(store.undo(), "learnt");
  assert.equal(store.undo(), "checked turns");
  assert.equal(store.document, before);
});
