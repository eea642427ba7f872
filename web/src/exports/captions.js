// What subtitles show: the words of the transcript, each with who says them; without one the names of the speakers.
import { rows } from "./rows.js";
import { sayer } from "../transcript.js";

export function captions(document) {
  const speech = document.transcript.map((caption) => ({
    start: Math.round(caption.start * 1000),
    end: Math.round(caption.end * 1000),
    name: sayer(document, caption)?.name ?? caption.speaker ?? "",
    text: oneLine(caption.text),
  }));
  return speech.length ? speech : rows(document).map((row) => ({ ...row, text: "" }));
}

export function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}
