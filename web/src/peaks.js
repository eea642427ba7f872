// Peaks at several resolutions: whatever is in sight, few numbers are looked at.

const FACTOR = 4;

// A level holds four numbers a place: the lowest and highest sample, and the means of the lowest and highest below.
export function pyramid(peaks, rate) {
  const first = new Int8Array(peaks.length * 2);
  for (let i = 0; i < peaks.length / 2; i += 1) {
    for (let part = 0; part < 4; part += 1) first[4 * i + part] = peaks[2 * i + (part % 2)];
  }
  const levels = [{ peaks: first, rate }];
  while (levels.at(-1).peaks.length > 4096) levels.push(coarser(levels.at(-1)));
  return levels;
}

function coarser({ peaks, rate }) {
  const n = peaks.length / 4;
  const above = new Int8Array(Math.ceil(n / FACTOR) * 4);
  for (let i = 0; i < above.length / 4; i += 1) {
    above.set(summary(peaks, i * FACTOR, Math.min(n, (i + 1) * FACTOR)), 4 * i);
  }
  return { peaks: above, rate: rate / FACTOR };
}

function summary(peaks, first, last) {
  let [low, high, lows, highs] = [127, -128, 0, 0];
  for (let i = first; i < last; i += 1) {
    if (peaks[4 * i] < low) low = peaks[4 * i];
    if (peaks[4 * i + 1] > high) high = peaks[4 * i + 1];
    lows += peaks[4 * i + 2];
    highs += peaks[4 * i + 3];
  }
  return [low, high, Math.round(lows / (last - first)), Math.round(highs / (last - first))];
}

// Lowest and highest sample between two times, and their means, -1 to 1; null beyond the sound.
export function between(levels, from, to) {
  const level = levels.findLast((item) => (to - from) * item.rate >= 1) ?? levels[0];
  const n = level.peaks.length / 4;
  const first = Math.max(0, Math.floor(from * level.rate));
  const last = Math.min(n, Math.max(first + 1, Math.ceil(to * level.rate)));
  return first >= n || last <= 0 ? null : summary(level.peaks, first, last).map((value) => value / 127);
}
