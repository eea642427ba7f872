// WAV of any length: any stretch can be decoded alone, with a header of its own.

const text = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));

// How a file is laid out whose first bytes these are; null where it is no WAV that begins like one.
export function layout(bytes, size) {
  if (bytes.length < 12 || text(bytes, 0) !== "RIFF" || text(bytes, 8) !== "WAVE") return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [rate, frame] = [0, 0];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, length] = [text(bytes, at), view.getUint32(at + 4, true)];
    if (name === "data") return rate && frame ? { rate, part: (from, to) => part(bytes.slice(0, at + 8), frame, size, from, to) } : null;
    if (name === "fmt " && at + 24 <= bytes.length) [rate, frame] = [view.getUint32(at + 12, true), view.getUint16(at + 20, true)];
    at += 8 + length + (length % 2);
  }
  return null;
}

function part(head, frame, size, from, to) {
  const most = Math.floor((size - head.length) / frame);
  const [first, last] = [Math.min(from, most), Math.min(to, most)];
  const length = (last - first) * frame;
  const view = new DataView(head.buffer);
  view.setUint32(4, head.length - 8 + length, true);
  view.setUint32(head.length - 4, length, true);
  return { head, first: head.length + first * frame, last: head.length + last * frame, begins: first };
}
