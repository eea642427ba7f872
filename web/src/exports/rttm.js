// RTTM that every tool reads: ten fields, single blanks, names without white space.
import { rows, seconds } from "./rows.js";

const MISSING = new Set(["na", "nan", "-nan", "null", "none", "n/a", "#n/a", "#na", "<na>"]);
const UNSAFE = /[\s\p{C}\p{Z}]/gu;

export function rttm(document) {
  const uri = field(document.recording.uri) || "recording";
  const channel = document.recording.channel ?? 1;
  const lines = rows(document, { joined: true }).map(({ start, end, name, confidence }) => {
    const sure = confidence === null ? "<NA>" : confidence.toFixed(3);
    return `SPEAKER ${uri} ${channel} ${seconds(start)} ${seconds(end - start)} <NA> <NA> ${field(name)} ${sure} <NA>\n`;
  });
  return lines.join("");
}

// A name in a field that ends at blanks, as `diarize` writes and reads it: what cannot stand is percent-encoded.
export function field(name) {
  const text = name.replace(/%(?=[0-9a-f]{2})/gi, "%25").replace(UNSAFE, (character) => encoded(character));
  const odd = MISSING.has(name.toLowerCase()) || /^[;#]/.test(name);
  return odd ? `%${name.charCodeAt(0).toString(16).toUpperCase()}${text.slice(1)}` : text;
}

function encoded(character) {
  return [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
