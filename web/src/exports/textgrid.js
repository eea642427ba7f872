// A TextGrid of Praat: an interval tier for each speaker.
import { lengthOf } from "../document.js";
import { rows, seconds } from "./rows.js";

export function textgrid(document) {
  const found = rows(document, { joined: true });
  const end = Math.max(Math.round(lengthOf(document) * 1000), ...found.map((row) => row.end), 1);
  const names = [...new Set(document.speakers.map((speaker) => speaker.name))];
  const tiers = names.map((name, place) => tier(name, place + 1, found.filter((row) => row.name === name), end));
  const head = `File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = ${seconds(end)}\n`;
  return `${head}tiers? <exists>\nsize = ${tiers.length}\nitem []:\n${tiers.join("")}`;
}

function tier(name, number, found, end) {
  const intervals = [];
  let time = 0;
  for (const row of found) {
    if (row.start > time) intervals.push([time, row.start, ""]);
    intervals.push([row.start, row.end, name]);
    time = row.end;
  }
  if (time < end) intervals.push([time, end, ""]);
  const lines = intervals.map(
    ([from, to, text], place) =>
      `        intervals [${place + 1}]:\n            xmin = ${seconds(from)}\n            xmax = ${seconds(to)}\n            text = ${quoted(text)}\n`,
  );
  const head = `    item [${number}]:\n        class = "IntervalTier"\n        name = ${quoted(name)}\n`;
  return `${head}        xmin = 0\n        xmax = ${seconds(end)}\n        intervals: size = ${intervals.length}\n${lines.join("")}`;
}

function quoted(text) {
  return `"${text.replaceAll('"', '""').replace(/\s+/g, " ")}"`;
}
