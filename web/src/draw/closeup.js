// The spectrogram of what is in sight, computed from samples where the delivered one would show as blocks. It is made
// in slices of some milliseconds, and stays until the view leaves it.
import { Mel } from "../sound/mel.js";
import { endOf } from "../view.js";
import { tint } from "./shades.js";

const COARSE = 3; // pixels of a delivered column from which on it is computed anew
const APART = 2; // pixels between two columns
const MARGIN = 0.25; // of what is in sight, on each side
const SLICE = 8; // milliseconds

export class CloseUp {
  constructor(picture, samples, changed) {
    Object.assign(this, { picture, samples, changed });
    this.made = null; // {canvas, start, end, scale}
    this.asked = null;
  }

  forget() {
    this.made = this.asked = null;
  }

  // What there is for a view, null where nothing is; what is missing is begun.
  at(view) {
    if (view.scale * COARSE > this.picture.columnSeconds) return null;
    if (!this.asked || !fits(this.asked, view)) this.ask(view);
    return this.made && fits({ ...this.made, start: -Infinity, end: Infinity }, view, 4) ? this.made : null;
  }

  ask(view) {
    const room = MARGIN * (endOf(view) - view.start);
    const start = Math.max(0, view.start - room);
    const held = this.samples.between(start, endOf(view) + room);
    const end = held && Math.min(endOf(view) + room, held.start + held.values.length / held.rate);
    if (!held || held.start > start + 1e-6 || end < Math.min(endOf(view), this.samples.duration - 0.1)) return;
    this.asked = { start, end: held.last ? Infinity : end, scale: view.scale };
    this.make(this.asked, held, Math.max(1, Math.round((end - start) / view.scale / APART)));
  }

  async make(asked, held, columns) {
    const span = asked.scale * APART;
    const mel = new Mel(this.picture, held.rate, 2 ** Math.max(-4, Math.min(0, Math.round(Math.log2(span / 0.004)))) * 0.064);
    const { length } = mel.bands;
    const pixels = new ImageData(columns, length);
    const shades = new Float64Array(length);
    let until = performance.now() + SLICE;
    for (let column = 0; column < columns; column += 1) {
      mel.column(held.values, (asked.start + (column + 0.5) * span - held.start) * held.rate, shades);
      for (let band = 0; band < length; band += 1) {
        const at = 4 * ((length - 1 - band) * columns + column);
        pixels.data[at] = shades[band]; // it rounds and keeps to 0 to 255
        pixels.data[at + 3] = 255;
      }
      if (performance.now() < until) continue;
      await new Promise((resume) => setTimeout(resume));
      if (this.asked !== asked) return;
      until = performance.now() + SLICE;
    }
    tint(pixels.data);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [columns, length];
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    this.made = { canvas, start: asked.start, end: asked.start + columns * span, scale: asked.scale };
    this.changed();
  }
}

function fits({ start, end, scale }, view, ratio = 1.5) {
  return view.start >= start && endOf(view) <= end && view.scale < scale * ratio && view.scale > scale / ratio;
}
