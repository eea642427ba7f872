// The names beside the lanes, each with a button that plays this speaker alone.
import { button, h } from "../dom.js";
import { swatch } from "../palette.js";

export class LaneNames {
  constructor(app) {
    this.app = app;
    this.gutter = app.timeline.named("lanes").gutter;
    this.shown = null;
  }

  show() {
    const { document, only, store, timeline } = this.app;
    const key = [document.speakers, only, store.speaker, timeline.lanes.height].map((item, place) => (place ? item : this.same(item)));
    if (this.shown?.every((item, place) => item === key[place])) return;
    this.shown = key;
    const focused = this.gutter.contains(globalThis.document.activeElement) && globalThis.document.activeElement.closest("[data-speaker]")?.dataset.speaker;
    this.gutter.replaceChildren(...document.speakers.map((speaker) => this.name(speaker)));
    if (focused) this.gutter.querySelector(`[data-speaker="${focused}"] button`)?.focus();
  }

  same(speakers) {
    this.version = speakers === this.speakers ? this.version : (this.version ?? 0) + 1;
    this.speakers = speakers;
    return this.version;
  }

  name(speaker) {
    const { app } = this;
    const chosen = app.store.speaker === speaker.id;
    const solo = button(`Play only ${speaker.name}`, "solo", () => app.solo(speaker.id), { "aria-pressed": String(app.only === speaker.id) });
    const choose = () => {
      app.store.speaker = speaker.id;
      app.store.changed();
    };
    const label = h("button", { type: "button", class: "lane-label", title: speaker.name, "aria-pressed": String(chosen), "aria-label": `${speaker.name}: choose for new turns`, onclick: choose, ondblclick: () => app.renameDialog(speaker.id) }, swatch(speaker.mark), h("span", {}, speaker.name));
    const element = h("div", { class: "lane-name", "data-speaker": speaker.id }, label, solo);
    element.style.height = `${app.timeline.lanes.height}px`;
    return element;
  }
}
