// JSON: turns as a list of {start, end, speaker, confidence} under "diarization".
import { rows } from "./rows.js";

export function json(document) {
  const diarization = rows(document).map(({ start, end, name, confidence }) => {
    return { start: start / 1000, end: end / 1000, speaker: name, confidence };
  });
  return `${JSON.stringify({ uri: document.recording.uri, diarization }, null, 1)}\n`;
}
