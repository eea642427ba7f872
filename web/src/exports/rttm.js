// RTTM that every tool reads: ten fields, single blanks, names without white space.
import { rows, seconds } from "./rows.js";

const MISSING = new Set(["na", "nan", "-nan", "null", "none", "n/a", "#n/a", "#na", "<na>"]);
const UNSAFE = /[\s\p{C}\p{Z}]/gu;

export function rttm(document) {
  const uri = recordingId(document.recording.uri);
  const names = speakerNames(document.speakers.map((speaker) => speaker.name));
  const lines = rows(document, { joined: true }).map(({ start, end, name, confidence }) => {
    const sure = confidence === null ? "<NA>" : confidence.toFixed(3);
    const channel = document.recording.channel ?? 1;
    return `SPEAKER ${uri} ${channel} ${seconds(start)} ${seconds(end - start)} <NA> <NA> ${names.get(name)} ${sure} <NA>\n`;
  });
  return lines.join("");
}

export function recordingId(uri) {
  if (!uri) return "recording";
  const plain = uri.replace(/%(?=[0-9a-f]{2})/gi, "%25").replace(UNSAFE, encodeURIComponent);
  const odd = MISSING.has(uri.toLowerCase()) || /^[;#]/.test(uri);
  return odd ? `%${uri.charCodeAt(0).toString(16).toUpperCase()}${plain.slice(1)}` : plain;
}

// Two names that become equal in a file get numbers.
export function speakerNames(names) {
  const found = new Map();
  const used = new Set();
  for (const name of new Set(names)) {
    let safe = name.replace(UNSAFE, "_");
    if (MISSING.has(safe.toLowerCase())) safe += "_";
    let unique = safe;
    for (let number = 2; used.has(unique); number += 1) unique = `${safe}_${number}`;
    used.add(unique);
    found.set(name, unique);
  }
  return found;
}
