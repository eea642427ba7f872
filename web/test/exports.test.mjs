import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMATS } from "../src/exports/table.js";
import { field } from "../src/exports/rttm.js";
import { sample } from "./sample.mjs";

const written = (name, document) => FORMATS.find((format) => format.name === name).write(document);
const small = (more) => sample({ turns: [{ id: "t1", start: 0.5, end: 62.25, speaker: "s1", confidence: 0.9 }], ...more });

test("RTTM has ten fields and names that readers take", () => {
  assert.equal(written("RTTM", small()), "SPEAKER call 1 0.500 61.750 <NA> <NA> Anna 0.900 <NA>\n");
  assert.deepEqual(["team meeting", "team%20meeting", "NA", "100%"].map(field), ["team%20meeting", "team%2520meeting", "%4EA", "100%"]);
});

test("turns of one speaker that touch are one line of RTTM", () => {
  const turns = [{ id: "t1", start: 0, end: 1, speaker: "s1" }, { id: "t2", start: 1, end: 2, speaker: "s1" }];
  assert.equal(written("RTTM", sample({ turns })).split("\n").length, 2);
  assert.equal(written("CSV", sample({ turns })).split("\r\n").length, 4);
});

test("the others by hand", () => {
  assert.deepEqual(JSON.parse(written("JSON", small())).turns, [{ start: 0.5, end: 62.25, speaker: "Anna", confidence: 0.9 }]);
  const right = small({ turns: [{ id: "t1", start: 0, end: 1, speaker: "s1", checked: true }] });
  assert.deepEqual(JSON.parse(written("JSON", right)).turns, [{ start: 0, end: 1, speaker: "Anna", confidence: null, checked: true }]);
  const odd = small({ speakers: [{ id: "s1", name: 'A, "B"' }] });
  assert.equal(written("CSV", odd), 'recording,start,end,speaker,confidence\r\ncall,0.500,62.250,"A, ""B""",0.900\r\n');
  assert.equal(written("Audacity labels", small()), "0.500\t62.250\tAnna\n");
  assert.equal(written("SubRip", small()), "1\n00:00:00,500 --> 00:01:02,250\nAnna:\n\n");
  const tagged = small({ speakers: [{ id: "s1", name: "<b>&" }] });
  assert.equal(written("WebVTT", tagged), "WEBVTT\n\n00:00:00.500 --> 00:01:02.250\n<v &lt;b&gt;&amp;>&lt;b&gt;&amp;\n\n");
});

test("subtitles have the words where there is a transcript", () => {
  const transcript = [{ start: 1, end: 2, text: "hello", speaker: null }];
  assert.equal(written("SubRip", small({ transcript })), "1\n00:00:01,000 --> 00:00:02,000\nAnna: hello\n\n");
});

test("a TextGrid covers the whole recording", () => {
  const text = written("TextGrid", sample());
  assert.match(text, /^File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 20\.000\n/);
  assert.equal(text.match(/class = "IntervalTier"/g).length, 3);
  assert.equal(text.match(/xmax = 20\.000/g).length, 1 + 3 + 3);
});

test("no turns, no speakers: every format still writes something that is text", () => {
  const empty = sample({ turns: [], speakers: [] });
  for (const format of FORMATS) assert.equal(typeof format.write(empty), "string");
});
