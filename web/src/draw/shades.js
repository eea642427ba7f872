// Grey as the colours of the theme.
import { isDark } from "../theme.js";

const DARK = [[16, 18, 27], [44, 36, 92], [126, 48, 128], [222, 84, 96], [252, 166, 92], [252, 240, 190]];
const LIGHT = [[250, 250, 252], [222, 228, 242], [160, 178, 218], [96, 112, 178], [58, 52, 120], [24, 16, 52]];

// Colour pixels in place: red says how bright each one is.
export function tint(data) {
  const shades = ramp(isDark() ? DARK : LIGHT);
  for (let i = 0; i < data.length; i += 4) {
    const shade = data[i] * 3;
    data[i] = shades[shade];
    data[i + 1] = shades[shade + 1];
    data[i + 2] = shades[shade + 2];
  }
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
