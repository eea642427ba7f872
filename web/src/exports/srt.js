// SubRip subtitles.
import { captions, oneLine } from "./captions.js";
import { clock } from "./rows.js";

export function srt(document) {
  return captions(document)
    .map(({ start, end, name, text }, place) => {
      const words = `${name ? `${oneLine(name)}:` : ""} ${text}`.trim();
      return `${place + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${words.replaceAll("-->", "→")}\n\n`;
    })
    .join("");
}
