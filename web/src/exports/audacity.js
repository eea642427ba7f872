// A label track of Audacity: start, end, name, with tabs between.
import { rows, seconds } from "./rows.js";

export function audacity(document) {
  return rows(document)
    .map(({ start, end, name }) => `${seconds(start)}\t${seconds(end)}\t${name.replace(/\s+/g, " ")}\n`)
    .join("");
}
