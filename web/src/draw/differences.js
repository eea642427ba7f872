// Errors against the reference: a row each for missed, false alarm and confusion, in colour, pattern and letter.
import { endOf, xOf } from "../view.js";

export const KINDS = [
  { kind: "missed", colour: "missed", letter: "M" },
  { kind: "false alarm", colour: "false-alarm", letter: "F" },
  { kind: "confusion", colour: "confusion", letter: "C" },
];

export function drawDifferences(context, { view, differences, colours, width, height }) {
  const row = height / KINDS.length;
  KINDS.forEach(({ kind, colour, letter }, place) => {
    context.fillStyle = place % 2 ? colours["lane-other"] : colours.lane;
    context.fillRect(0, place * row, width, row);
    for (const item of differences) {
      if (item.kind !== kind || item.end < view.start) continue;
      if (item.start > endOf(view)) break;
      const [left, right] = [xOf(view, item.start), xOf(view, item.end)];
      context.fillStyle = colours[colour];
      context.fillRect(left, place * row + 1.5, Math.max(1.5, right - left), row - 3);
      if (right - left > 14) {
        context.fillStyle = colours.surface;
        context.font = "700 9px system-ui, sans-serif";
        context.textBaseline = "middle";
        context.fillText(letter, Math.max(left, 0) + 4, place * row + row / 2 + 0.5);
      }
    }
  });
}
