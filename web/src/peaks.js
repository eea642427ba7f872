// Peaks at several resolutions: whatever is in sight, few numbers are looked at.

const FACTOR = 4;

export function pyramid(peaks, rate) {
  const levels = [{ peaks, rate }];
  while (levels.at(-1).peaks.length > 2048) {
    const below = levels.at(-1);
    const n = below.peaks.length / 2;
    const above = new Int8Array(Math.ceil(n / FACTOR) * 2);
    for (let i = 0; i < above.length / 2; i += 1) {
      let [low, high] = [127, -128];
      for (let j = i * FACTOR; j < Math.min(n, (i + 1) * FACTOR); j += 1) {
        if (below.peaks[2 * j] < low) low = below.peaks[2 * j];
        if (below.peaks[2 * j + 1] > high) high = below.peaks[2 * j + 1];
      }
      above[2 * i] = low;
      above[2 * i + 1] = high;
    }
    levels.push({ peaks: above, rate: below.rate / FACTOR });
  }
  return levels;
}

// Lowest and highest sample, -1 to 1, between two times; null beyond the sound.
export function between(levels, from, to) {
  const level = levels.findLast((item) => (to - from) * item.rate >= 1) ?? levels[0];
  const n = level.peaks.length / 2;
  const first = Math.max(0, Math.floor(from * level.rate));
  const last = Math.min(n, Math.max(first + 1, Math.ceil(to * level.rate)));
  if (first >= n || last <= 0) return null;
  let [low, high] = [127, -128];
  for (let i = first; i < last; i += 1) {
    if (level.peaks[2 * i] < low) low = level.peaks[2 * i];
    if (level.peaks[2 * i + 1] > high) high = level.peaks[2 * i + 1];
  }
  return [low / 127, high / 127];
}
