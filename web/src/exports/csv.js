// A table for spreadsheets, RFC 4180.
import { rows, seconds } from "./rows.js";

export function csv(document) {
  const lines = rows(document).map(({ start, end, name, confidence }) =>
    [quoted(document.recording.uri), seconds(start), seconds(end), quoted(name), confidence === null ? "" : confidence.toFixed(3)].join(","),
  );
  return ["recording,start,end,speaker,confidence", ...lines, ""].join("\r\n");
}

function quoted(text) {
  if (/^[=+\-@\t\r]/.test(text)) return quoted(`%${text.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}${text.slice(1)}`); // no formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
