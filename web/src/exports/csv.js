// A table for spreadsheets, RFC 4180.
import { rows, seconds } from "./rows.js";

export function csv(document) {
  const lines = rows(document).map(({ start, end, name, confidence }) =>
    [seconds(start), seconds(end), seconds(end - start), quoted(name), confidence === null ? "" : confidence.toFixed(3)].join(","),
  );
  return ["start,end,duration,speaker,confidence", ...lines, ""].join("\r\n");
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
