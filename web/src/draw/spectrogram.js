// The spectrogram: grey tiles that are coloured for the theme when they are first needed.
import { bytes } from "../base64.js";
import { isDark } from "../theme.js";
import { endOf, xOf } from "../view.js";
import { shadeBeyond } from "./waveform.js";

const DARK = [[16, 18, 27], [44, 36, 92], [126, 48, 128], [222, 84, 96], [252, 166, 92], [252, 240, 190]];
const LIGHT = [[250, 250, 252], [222, 228, 242], [160, 178, 218], [96, 112, 178], [58, 52, 120], [24, 16, 52]];

export class Tiles {
  constructor(picture, changed) {
    this.picture = picture;
    this.changed = changed;
    this.grey = picture.tiles.map(() => null);
    this.coloured = new Map();
  }

  forget() {
    this.coloured.clear();
  }

  tile(place) {
    if (!this.coloured.has(place) && this.grey[place] === null) this.load(place);
    else if (!this.coloured.has(place) && this.grey[place].complete) this.coloured.set(place, tinted(this.grey[place]));
    return this.coloured.get(place);
  }

  load(place) {
    const image = new Image();
    const address = URL.createObjectURL(new Blob([bytes(this.picture.tiles[place])], { type: "image/png" }));
    this.grey[place] = { complete: false };
    image.onload = () => {
      URL.revokeObjectURL(address);
      this.grey[place] = image;
      this.changed();
    };
    image.src = address;
  }
}

export function drawSpectrogram(context, { view, tiles, width, height, sound, colours }) {
  const span = tiles.picture.columnSeconds * tiles.picture.tileColumns;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  for (let place = Math.floor(view.start / span); place < tiles.grey.length && place * span < endOf(view); place += 1) {
    const tile = tiles.tile(place);
    if (!tile) continue;
    const from = xOf(view, place * span);
    context.drawImage(tile, from, 0, (tile.width * tiles.picture.columnSeconds) / view.scale + 0.5, height);
  }
  shadeBeyond(context, view, sound, width, height, colours);
}

function tinted(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  const shades = ramp(isDark() ? DARK : LIGHT);
  const { data } = picture;
  for (let i = 0; i < data.length; i += 4) {
    const shade = data[i] * 3;
    data[i] = shades[shade];
    data[i + 1] = shades[shade + 1];
    data[i + 2] = shades[shade + 2];
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

function ramp(stops) {
  const found = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const place = (i / 255) * (stops.length - 1);
    const below = Math.min(stops.length - 2, Math.floor(place));
    for (let part = 0; part < 3; part += 1) {
      found[3 * i + part] = stops[below][part] + (stops[below + 1][part] - stops[below][part]) * (place - below);
    }
  }
  return found;
}
