// What was said, beside who says it as the turns stand now; a click plays from there.
import { h } from "../dom.js";
import { swatch } from "../palette.js";
import { sayer } from "../transcript.js";
import { clock } from "../time.js";

export class TranscriptPanel {
  constructor(app) {
    this.app = app;
    this.list = h("ol", { class: "transcript" });
    this.element = h("div", {}, this.list);
    this.rows = [];
    this.shown = null;
    this.here = -1;
  }

  show() {
    const { document } = this.app;
    if (this.shown?.turns === document.turns && this.shown?.speakers === document.speakers) return;
    this.shown = document;
    let before;
    this.rows = document.transcript.map((caption) => {
      const speaker = sayer(document, caption);
      const name = speaker?.name ?? caption.speaker ?? "nobody";
      const head = name === before ? null : h("span", { class: "who" }, speaker && swatch(speaker.mark), name);
      before = name;
      const words = h("button", { type: "button", class: "words", onclick: () => this.app.goTo(caption.start) }, h("span", { class: "when" }, clock(caption.start, 0)), " ", caption.text);
      return h("li", {}, head, words);
    });
    this.list.replaceChildren(...this.rows);
  }

  follow(time) {
    const place = this.app.document.transcript.findLastIndex((caption) => caption.start <= time && time < caption.end + 0.5);
    if (place === this.here) return;
    this.rows[this.here]?.classList.remove("now");
    this.here = place;
    const row = this.rows[place];
    row?.classList.add("now");
    if (row && this.app.player.playing && !this.element.closest(".panel").hidden) row.scrollIntoView({ block: "nearest" });
  }
}
