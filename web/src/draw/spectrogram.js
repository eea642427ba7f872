// The spectrogram: tiles that are unpacked and coloured for the theme when they are first needed, and a close-up.
import { bytes } from "../base64.js";
import { endOf, xOf } from "../view.js";
import { tint } from "./shades.js";
import { shadeBeyond } from "./waveform.js";

export class Tiles {
  constructor({ tiles, columnSeconds, columnOffset, tileColumns }, changed) {
    this.packed = tiles.map((text) => new Blob([bytes(text)], { type: "image/png" }));
    this.columnSeconds = columnSeconds;
    this.begins = columnOffset; // of the first column
    this.seconds = columnSeconds * tileColumns;
    this.changed = changed;
    this.forget();
  }

  forget() {
    this.coloured = new Map(); // null while one is unpacked
  }

  tile(place) {
    if (!this.coloured.has(place)) this.load(place, this.coloured);
    return this.coloured.get(place);
  }

  load(place, coloured) {
    const image = new Image();
    const address = URL.createObjectURL(this.packed[place]);
    coloured.set(place, null);
    image.onload = () => {
      URL.revokeObjectURL(address);
      coloured.set(place, tinted(image));
      this.changed();
    };
    image.src = address;
  }
}

export function drawSpectrogram(context, { view, tiles, closeUp, width, height, sound, colours }) {
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  for (let place = Math.max(0, Math.floor((view.start - tiles.begins) / tiles.seconds)); place < tiles.packed.length; place += 1) {
    const start = tiles.begins + place * tiles.seconds;
    if (start >= endOf(view)) break;
    const tile = tiles.tile(place);
    if (!tile) continue;
    context.drawImage(tile, xOf(view, start), 0, (tile.width * tiles.columnSeconds) / view.scale + 0.5, height);
  }
  const near = closeUp.at(view);
  if (near) context.drawImage(near.canvas, xOf(view, near.start), 0, (near.end - near.start) / view.scale, height);
  shadeBeyond(context, view, sound, width, height, colours);
}

function tinted(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  tint(picture.data);
  context.putImageData(picture, 0, 0);
  return canvas;
}
