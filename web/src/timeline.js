// The timeline: rows of canvases under one time axis, drawn again when something has changed, once a frame at most.
import { drawDifferences } from "./draw/differences.js";
import { drawLanes } from "./draw/lanes.js";
import { drawMinimap, drawWindow } from "./draw/minimap.js";
import { drawRuler } from "./draw/ruler.js";
import { drawSpectrogram } from "./draw/spectrogram.js";
import { drawWaveform } from "./draw/waveform.js";
import { h } from "./dom.js";
import { themeColours } from "./palette.js";
import { fitted, resized, xOf } from "./view.js";

const [GAP, EDGES] = [12, 22]; // pixels above each thing that stands under the rows, and around all of them
const NARROW = 700; // pixels of the window; below, names lie in the lanes

export class Timeline {
  constructor(env, painted) {
    this.env = env; // document, store, levels, tiles, samples and what follows from the document
    this.painted = painted;
    this.rows = [
      this.row("minimap", "Overview", 46, null),
      this.row("ruler", "", 24, drawRuler),
      this.row("waveform", "Waveform", 92, drawWaveform),
      this.row("spectrogram", "Spectrogram", 92, drawSpectrogram),
      ...(env.document.reference ? [this.row("differences", ["Missed", "False alarm", "Confusion"], 48, drawDifferences)] : []),
      this.row("lanes", "", 52, drawLanes),
    ];
    this.playhead = h("div", { class: "playhead" });
    this.stage = h("div", { class: "timeline" }, this.rows.map((row) => row.element), this.playhead);
    this.quiet = mark("quiet", "nobody speaks: said by a person");
    this.legend = h("p", { class: "legend" }, mark("", "others talk as well"), mark("sure", "how sure a turn is"), mark("checked", "checked by a person"), this.quiet, env.document.reference && mark("truth", "the reference"));
    this.overview = document.createElement("canvas");
    this.view = fitted(env.length, 800);
    this.pending = 0;
    this.stale = true;
    new ResizeObserver(() => this.resize()).observe(this.stage);
  }

  row(name, title, height, draw) {
    const canvas = h("canvas", { "aria-hidden": "true" });
    const gutter = h("div", { class: "gutter" }, [title].flat().filter(Boolean).map((text) => h("span", { class: "row-title" }, text)));
    return { name, height, draw, canvas, gutter, grows: name === "waveform" || name === "spectrogram", element: h("div", { class: `row ${name}` }, gutter, canvas) };
  }

  named(name) {
    return this.rows.find((row) => row.name === name);
  }

  get narrow() {
    return innerWidth < NARROW;
  }

  get lanes() {
    const label = this.narrow ? 17 : 0;
    const reference = this.env.document.reference ? 9 : 0;
    const many = this.env.document.speakers.length > 8;
    return { height: (many && !this.narrow ? 38 : 50) + label * 0.6 + reference, label, reference };
  }

  resize() {
    const width = this.named("ruler").canvas.parentElement.clientWidth - (this.narrow ? 0 : this.named("ruler").gutter.offsetWidth);
    if (width <= 0) return;
    this.view = resized(this.view, width, this.env.length);
    this.refresh();
  }

  show(view) {
    this.view = view;
    this.draw();
  }

  // The document, the theme or the size is another one.
  refresh() {
    this.stale = true;
    this.draw();
  }

  draw() {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
    });
  }

  paint() {
    const { env, view } = this;
    const count = Math.max(1, env.document.speakers.length);
    const extra = this.spare(count);
    const shared = { ...env, view, colours: themeColours(), lanes: this.lanes, width: view.width };
    this.quiet.hidden = !env.quiet.length;
    for (const row of this.rows) {
      const height = row.name === "lanes" ? count * shared.lanes.height : row.height + (row.grows ? extra : 0);
      if (row.element.hidden) continue;
      const context = sized(row.canvas, view.width, height);
      if (row.name === "minimap") this.paintOverview(context, { ...shared, height });
      else row.draw(context, { ...shared, height });
    }
    this.stale = false;
    this.painted();
    this.place(this.time ?? 0);
  }

  // Where lanes are few, waveform and spectrogram take the room that is left.
  spare(count) {
    const main = this.stage.closest("main");
    if (this.narrow || !main) return 0;
    const under = [...main.children].slice(1).filter((element) => element.offsetHeight);
    const below = under.reduce((sum, element) => sum + element.offsetHeight + GAP, this.legend.offsetHeight + EDGES);
    const growing = this.rows.filter((row) => row.grows && !row.element.hidden);
    const fixed = this.rows.reduce((sum, row) => sum + (row.name === "lanes" || row.element.hidden ? 0 : row.height + 1), 0);
    const left = main.clientHeight - fixed - count * this.lanes.height - below;
    return growing.length ? Math.min(Math.max(0, Math.floor(left / growing.length)), 130) : 0;
  }

  paintOverview(context, shared) {
    if (this.stale) drawMinimap(sized(this.overview, shared.width, shared.height), shared);
    context.drawImage(this.overview, 0, 0, shared.width, shared.height);
    drawWindow(context, shared);
  }

  // Scroll to a lane where there are more than fit.
  reveal(place) {
    const pane = this.stage.parentElement;
    const { height } = this.lanes;
    const top = this.named("lanes").element.offsetTop + place * height;
    if (top + height > pane.scrollTop + pane.clientHeight) pane.scrollTop = top + height - pane.clientHeight;
    else if (top < pane.scrollTop) pane.scrollTop = top;
  }

  // Put the playhead where the sound is.
  place(time) {
    this.time = time;
    const left = this.narrow ? 0 : this.named("ruler").gutter.offsetWidth;
    const x = xOf(this.view, time);
    this.playhead.style.transform = `translateX(${left + x}px)`;
    this.playhead.hidden = x < 0 || x > this.view.width;
  }
}

function mark(kind, meaning) {
  return h("span", {}, h("i", { class: kind }), meaning);
}

function sized(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, hgt] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== hgt) {
    [canvas.width, canvas.height] = [w, hgt];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
