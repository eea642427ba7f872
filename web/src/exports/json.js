// JSON as `diarize` writes it: the turns as a list of {start, end, speaker, confidence}, with `checked` where a
// person made, changed or confirmed one.
import { rows } from "./rows.js";

export function json(document) {
  const turns = rows(document).map(({ start, end, name, confidence, checked }) => {
    return { start: start / 1000, end: end / 1000, speaker: name, confidence, ...(checked && { checked }) };
  });
  const { uri, channel } = document.recording;
  return `${JSON.stringify({ format: "diarize", version: 1, recording: uri, channel: channel ?? 1, turns }, null, 1)}\n`;
}
