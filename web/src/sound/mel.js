// Shades of a mel spectrogram, as `diarize report` computes them, for windows of any length.
import { Fourier } from "./fft.js";

const RANGE = 60; // dB between black and white
const SECONDS = 0.064; // of the longest window: the spectrum has its lines

export class Mel {
  // `edges` (Hz) of the bands, one more on each side; `white` (dB); `seconds` of a window.
  constructor({ edges, white }, rate, seconds) {
    const length = Math.round(Math.min(seconds, SECONDS) * rate);
    this.white = white;
    this.fourier = new Fourier(2 ** Math.ceil(Math.log2(SECONDS * rate)));
    const { size } = this.fourier;
    this.window = Float64Array.from({ length }, (_, i) => (1 - Math.cos((2 * Math.PI * i) / length)) * (2 / length));
    this.part = new Float64Array(length);
    this.lines = new Float64Array(size / 2 + 1);
    this.share = length / size; // a shorter window spreads over more lines
    this.bands = edges.slice(2).map((_, band) => triangle(edges.slice(band, band + 3), rate / size, size / 2));
  }

  // Shades 0 to 255, lowest band first, of the window about a sample.
  column(values, middle, found) {
    const { part, window, lines } = this;
    const first = Math.round(middle - window.length / 2);
    for (let i = 0; i < part.length; i += 1) part[i] = (values[first + i] ?? 0) * window[i];
    this.fourier.powers(part, lines);
    this.bands.forEach(({ lowest, weights }, band) => {
      let power = 1e-12;
      for (let i = 0; i < weights.length; i += 1) power += lines[lowest + i] * weights[i] * this.share;
      found[band] = ((10 * Math.log10(power) - this.white + RANGE) * 255) / RANGE;
    });
  }
}

function triangle([low, middle, high], apart, last) {
  const lowest = Math.floor(low / apart) + 1;
  const weights = [];
  for (let line = lowest; line * apart < high && line <= last; line += 1) {
    const hertz = line * apart;
    weights.push(Math.max(0, Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle))));
  }
  return { lowest, weights };
}
