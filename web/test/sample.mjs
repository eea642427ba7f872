// A small document for tests.
import { opened } from "../src/document.js";

export function sample(more = {}) {
  return opened({
    key: "k",
    recording: { uri: "call", name: "call.wav", duration: 20, channel: null },
    speakers: [{ id: "s1", name: "Anna" }, { id: "s2", name: "Ben" }, { id: "s3", name: "Cleo" }],
    turns: [
      { id: "t1", start: 0, end: 4, speaker: "s1", confidence: 0.9 },
      { id: "t2", start: 3, end: 6, speaker: "s2", confidence: 0.5 },
      { id: "t3", start: 7, end: 9, speaker: "s1", confidence: 0.7 },
      { id: "t4", start: 10, end: 12, speaker: "s3" },
    ],
    ...more,
  });
}

export function spans(document) {
  const names = new Map(document.speakers.map((speaker) => [speaker.id, speaker.name]));
  return document.turns.map((turn) => `${names.get(turn.speaker)} ${turn.start}-${turn.end}`);
}
