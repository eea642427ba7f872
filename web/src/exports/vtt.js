// WebVTT subtitles with voices.
import { captions, oneLine } from "./captions.js";
import { clock } from "./rows.js";

export function vtt(document) {
  const cues = captions(document).map(({ start, end, name, text }) => {
    const voice = name ? `<v ${escaped(oneLine(name))}>` : "";
    return `${clock(start, ".")} --> ${clock(end, ".")}\n${voice}${escaped(text || name)}\n\n`;
  });
  return `WEBVTT\n\n${cues.join("")}`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
