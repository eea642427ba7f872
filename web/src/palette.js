// How speakers look: eight colours that people tell apart without colour vision (after Okabe and Ito), times seven
// patterns, so that nobody needs the colour. Canvases take their other colours from the style sheet.

const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#9a86d8", "#b8a800"];
const PATTERNS = [null, slashes, dots, bars, crosses, backslashes, rules];
const SIZE = 8;

export const colourOf = (mark) => COLOURS[mark % COLOURS.length];

// "#fff" or "#000", whichever reads better on a speaker's colour
export function inkOn(mark) {
  const [red, green, blue] = [1, 3, 5].map((place) => (parseInt(colourOf(mark).slice(place, place + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000000" : "#ffffff";
}

const made = new Map();

// The pattern that lies over a speaker's colour, null for a plain one.
export function patternOf(context, mark) {
  const paint = PATTERNS[mark % PATTERNS.length];
  if (!paint) return null;
  const key = `${mark % PATTERNS.length} ${inkOn(mark)}`;
  if (!made.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = SIZE;
    const ink = tile.getContext("2d");
    ink.strokeStyle = ink.fillStyle = inkOn(mark);
    ink.globalAlpha = 0.38;
    ink.lineWidth = 1.6;
    paint(ink);
    made.set(key, tile);
  }
  return context.createPattern(made.get(key), "repeat");
}

const pictures = new Map();

// A small square in a speaker's colour and pattern.
export function swatch(mark) {
  if (!pictures.has(mark)) pictures.set(mark, `url(${painted(mark).toDataURL()})`);
  const square = document.createElement("span");
  square.className = "swatch";
  square.setAttribute("aria-hidden", "true");
  square.style.backgroundImage = pictures.get(mark);
  return square;
}

function painted(mark) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const context = canvas.getContext("2d");
  context.fillStyle = colourOf(mark);
  context.fillRect(0, 0, 32, 32);
  const pattern = patternOf(context, mark);
  if (pattern) {
    context.scale(1.6, 1.6);
    context.fillStyle = pattern;
    context.fillRect(0, 0, 32, 32);
  }
  return canvas;
}

// The page's own colours, as the theme has them.
export function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["surface", "lane", "lane-other", "line", "text", "muted", "accent", "wave", "overlap", "missed", "false-alarm", "confusion", "beyond"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function line(ink, ...points) {
  ink.beginPath();
  points.forEach(([x, y], place) => (place % 2 ? ink.lineTo(x, y) : ink.moveTo(x, y)));
  ink.stroke();
}

function slashes(ink) {
  line(ink, [-2, 2], [2, -2], [-2, 10], [10, -2], [6, 10], [10, 6]);
}

function backslashes(ink) {
  line(ink, [-2, 6], [2, 10], [-2, -2], [10, 10], [6, -2], [10, 2]);
}

function dots(ink) {
  for (const [x, y] of [[2, 2], [6, 6]]) {
    ink.beginPath();
    ink.arc(x, y, 1.3, 0, 7);
    ink.fill();
  }
}

function bars(ink) {
  line(ink, [2, 0], [2, 8]);
  line(ink, [6, 0], [6, 8]);
}

function rules(ink) {
  line(ink, [0, 2], [8, 2]);
  line(ink, [0, 6], [8, 6]);
}

function crosses(ink) {
  line(ink, [4, 0], [4, 8], [0, 4], [8, 4]);
}
