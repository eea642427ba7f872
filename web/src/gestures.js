// Pointers on the timeline: play from here, drag boundaries and turns, draw, move and zoom; with mouse, pen or fingers.
import { HANDLE, box } from "./draw/lanes.js";
import { turnsOf } from "./document.js";
import { drawTurn, moveEnd, moveStart, reassign } from "./edits/turns.js";
import { moved, timeAt, zoomed } from "./view.js";

const STILL = 4; // pixels; what moves less is a click

export class Gestures {
  constructor(app) {
    this.app = app;
    this.fingers = new Map();
    for (const row of app.timeline.rows) {
      const { canvas } = row;
      canvas.addEventListener("pointerdown", (event) => this.down(event, row));
      canvas.addEventListener("pointermove", (event) => this.move(event, row));
      canvas.addEventListener("pointerup", (event) => this.up(event));
      canvas.addEventListener("pointercancel", (event) => this.cancel(event));
      canvas.addEventListener("dblclick", () => app.commands.run("playTurn"));
      canvas.addEventListener("wheel", (event) => this.wheel(event, row), { passive: false });
    }
  }

  place(event) {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  down(event, row) {
    if (event.button > 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = this.place(event);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) {
      this.abandon();
      this.drag = this.pinch();
    } else this.drag = this.begin(event, row, at);
  }

  move(event, row) {
    const at = this.place(event);
    if (!this.fingers.has(event.pointerId)) {
      if (row.name === "lanes") event.currentTarget.style.cursor = this.cursor(at, event);
      return;
    }
    this.fingers.set(event.pointerId, at);
    const { drag } = this;
    if (!drag) return;
    drag.far ||= Math.hypot(at.x - drag.from.x, at.y - drag.from.y) > STILL;
    if (drag.far || drag.kind === "window") drag.move?.(at);
  }

  up(event) {
    const { drag } = this;
    this.fingers.delete(event.pointerId);
    if (!drag || this.fingers.size) return;
    this.drag = null;
    if (drag.far) drag.end?.();
    else drag.click?.(event);
  }

  cancel(event) {
    this.fingers.delete(event.pointerId);
    this.abandon();
  }

  // Give up what is being dragged: nothing has changed.
  abandon() {
    if (this.drag?.draft) this.app.store.preview(null);
    this.drag = null;
  }

  begin(event, row, from) {
    const touch = event.pointerType === "touch";
    const { app } = this;
    if (row.name === "minimap") return this.window(from);
    if (row.name === "lanes") {
      const hit = this.hit(from, touch);
      if (hit?.edge) return this.edge(from, hit);
      if (hit && !touch) return this.turn(from, hit);
      if (!hit && (!touch || app.store.drawing)) return this.pencil(from);
      return this.pan(from, hit);
    }
    return touch ? this.pan(from, null) : this.scrub(from);
  }

  // The turn under a place, and its edge where that is meant; selected turns go first.
  hit({ x, y }, touch = false) {
    const { document, store, timeline } = this.app;
    const place = Math.floor(y / timeline.lanes.height);
    const speaker = document.speakers[place];
    if (!speaker) return null;
    const reach = touch ? 2.2 * HANDLE : HANDLE;
    const env = { view: timeline.view, lanes: timeline.lanes };
    const chosen = new Set(store.selection);
    const turns = turnsOf(document, speaker.id).sort((a, b) => chosen.has(b.id) - chosen.has(a.id));
    for (const turn of turns) {
      const { left, width } = box(env, turn, place);
      const right = left + width;
      const grown = chosen.has(turn.id) ? reach : touch ? 0 : Math.min(HANDLE / 2, width / 4);
      if (x < left - grown || x > right + grown) continue;
      const inside = Math.min(grown, width / 3);
      if (x < left + inside && grown) return { turn, edge: "start" };
      if (x > right - inside && grown) return { turn, edge: "end" };
      return { turn, edge: null };
    }
    return null;
  }

  cursor(at) {
    const hit = this.hit(at);
    return hit?.edge ? "ew-resize" : hit ? "pointer" : "crosshair";
  }

  edge(from, { turn, edge }) {
    const { app } = this;
    const { document } = app;
    const offset = turn[edge] - timeAt(app.timeline.view, from.x);
    const edit = edge === "start" ? moveStart : moveEnd;
    const drag = { kind: "edge", from, draft: true };
    drag.move = ({ x }) => {
      drag.result = edit(document, turn.id, timeAt(app.timeline.view, x) + offset);
      app.store.selection = [turn.id];
      app.store.preview(drag.result);
    };
    drag.end = () => app.edit(`moved the ${edge} of a turn`, drag.result);
    drag.click = (event) => this.choose(event, turn, from);
    return drag;
  }

  turn(from, { turn }) {
    const { app } = this;
    const { document } = app;
    const drag = { kind: "turn", from, draft: true };
    drag.move = ({ y }) => {
      const speaker = document.speakers[Math.floor(y / app.timeline.lanes.height)] ?? null;
      drag.result = speaker ? reassign(document, [turn.id], speaker.id) : document;
      app.store.selection = [turn.id];
      app.store.preview(drag.result);
    };
    drag.end = () => app.edit("gave a turn to another speaker", drag.result);
    drag.click = (event) => this.choose(event, turn, from);
    return drag;
  }

  pencil(from) {
    const { app } = this;
    const { document } = app;
    const speaker = document.speakers[Math.floor(from.y / app.timeline.lanes.height)];
    const drag = { kind: "pencil", from, draft: true };
    drag.move = ({ x }) => {
      if (!speaker) return;
      const { view } = app.timeline;
      drag.result = drawTurn(document, speaker.id, timeAt(view, from.x), timeAt(view, x));
      app.store.preview(drag.result);
    };
    drag.end = () => {
      const known = new Set(document.turns.map((turn) => turn.id));
      const drawn = drag.result?.turns.find((turn) => !known.has(turn.id));
      app.edit("drew a turn", drag.result ?? document);
      if (drawn) app.store.select([drawn.id]);
    };
    drag.click = () => {
      if (speaker) app.store.speaker = speaker.id;
      app.store.select([]);
      app.player.seek(timeAt(app.timeline.view, from.x));
    };
    return drag;
  }

  pan(from, hit) {
    const { app } = this;
    const { view } = app.timeline;
    const drag = { kind: "pan", from };
    drag.move = ({ x }) => app.timeline.show(moved(view, (from.x - x) * view.scale));
    drag.click = (event) => {
      if (hit) return this.choose(event, hit.turn, from);
      app.store.select([]);
      return app.player.seek(timeAt(view, from.x));
    };
    return drag;
  }

  scrub(from) {
    const { app } = this;
    const seek = ({ x }) => app.player.seek(timeAt(app.timeline.view, x));
    return { kind: "scrub", from, move: seek, click: () => seek(from) };
  }

  window(from) {
    const { app } = this;
    const move = ({ x }) => {
      const { view } = app.timeline;
      const centre = (x / view.width) * app.length;
      app.timeline.show(moved(view, centre - view.start - (view.scale * view.width) / 2));
    };
    const seek = () => {
      move(from);
      app.player.seek((from.x / app.timeline.view.width) * app.length);
    };
    return { kind: "window", from, move, click: seek };
  }

  pinch() {
    const { app } = this;
    const { view } = app.timeline;
    const spread = () => {
      const [one, other] = [...this.fingers.values()];
      return { width: Math.max(20, Math.abs(one.x - other.x)), centre: (one.x + other.x) / 2 };
    };
    const begin = spread();
    const time = timeAt(view, begin.centre);
    const move = () => {
      const now = spread();
      const next = zoomed(view, begin.width / now.width, time);
      app.timeline.show(moved(next, time - timeAt(next, now.centre)));
    };
    return { kind: "pinch", from: { x: 0, y: 0 }, far: true, move };
  }

  choose(event, turn, from) {
    const { app } = this;
    const { selection } = app.store;
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      const there = selection.includes(turn.id);
      app.store.select(there ? selection.filter((id) => id !== turn.id) : [...selection, turn.id]);
    } else app.store.select([turn.id]);
    app.player.seek(timeAt(app.timeline.view, from.x));
  }

  wheel(event, row) {
    const { timeline } = this.app;
    const { view } = timeline;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      const time = row.name === "minimap" ? view.start + (view.scale * view.width) / 2 : timeAt(view, this.place(event).x);
      timeline.show(zoomed(view, Math.exp(Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 60) * 0.006), time));
    } else if (event.deltaX || event.shiftKey) {
      event.preventDefault();
      timeline.show(moved(view, (event.deltaX || event.deltaY) * view.scale));
    }
  }
}

