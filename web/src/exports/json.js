// JSON as `diarize` writes it: the turns as a list of {start, end, speaker, confidence}, with `checked` where a
// person made, changed or confirmed one, and `silence` where a person said that nobody speaks.
import { quiet } from "../document.js";
import { rows } from "./rows.js";

export function json(document) {
  const turns = rows(document).map(({ start, end, name, confidence, checked }) => {
    return { start: start / 1000, end: end / 1000, speaker: name, confidence, ...(checked && { checked }) };
  });
  const silence = quiet(document).map(({ start, end }) => ({ start: Math.round(start * 1000) / 1000, end: Math.round(end * 1000) / 1000 }));
  const { uri, channel } = document.recording;
  return `${JSON.stringify({ format: "diarize", version: 1, recording: uri, channel: channel ?? 1, turns, ...(silence.length && { silence }) }, null, 1)}\n`;
}
