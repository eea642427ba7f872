// The time axis in words.
import { clock } from "../time.js";
import { endOf, step, xOf } from "../view.js";

export function drawRuler(context, { view, colours, width, height }) {
  const apart = step(view.scale, 84);
  const digits = Math.max(0, Math.min(4, Math.ceil(-Math.log10(apart) - 1e-9)));
  const fine = apart / 5;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.muted;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.beginPath();
  for (let place = Math.floor(view.start / fine); place * fine <= endOf(view); place += 1) {
    const x = Math.round(xOf(view, place * fine)) + 0.5;
    const main = place % 5 === 0;
    context.moveTo(x, height);
    context.lineTo(x, height - (main ? 8 : 4));
    if (main && x > -40 && x < width) context.fillText(clock(place * fine, digits), x + 3, 3);
  }
  context.stroke();
}
