// The frames of an MP3 of constant bit rate, MPEG-2 layer III as `diarize report` writes it: any stretch can be decoded alone.

const BITRATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES = [22050, 24000, 16000];
export const SAMPLES = 576; // of a frame
const LEAD = 10; // frames decoded before those that are wanted: the first lean on earlier ones
const DELAY = 1105; // samples by which encoder and decoder are late

export function frameBytes(bytes, at) {
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf2) return null; // MPEG-2 layer III
  const bitrate = BITRATES[bytes[at + 2] >> 4];
  const rate = RATES[(bytes[at + 2] >> 2) & 3];
  return bitrate && rate ? { size: Math.floor((72000 * bitrate) / rate) + ((bytes[at + 2] >> 1) & 1), rate } : null;
}

// How a file is laid out whose first bytes these are; null where it is not of this kind.
export function layout(bytes, size) {
  const head = frameBytes(bytes, 0); // holds no sound, but says how much there is
  const first = head && frameBytes(bytes, head.size);
  if (!first) return null;
  const frames = Math.floor((size - head.size) / first.size);
  return { rate: first.rate, part: (from, to) => part(head.size, first.size, frames, from, to) };
}

// The bytes to decode for samples `from` to `to`, and the sample with which the decoded sound begins.
function part(start, size, frames, from, to) {
  const first = Math.max(0, Math.floor((from + DELAY) / SAMPLES) - LEAD);
  const last = Math.min(frames, Math.ceil((to + DELAY) / SAMPLES) + 2);
  return { head: new Uint8Array(), first: start + first * size, last: start + last * size, begins: first * SAMPLES - DELAY };
}
