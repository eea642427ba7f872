// All turns as a list that can be walked with keys and a screen reader, in step with the lanes.
import { h } from "../dom.js";
import { swatch } from "../palette.js";
import { clock, duration, percent } from "../time.js";

export class TurnList {
  constructor(app) {
    this.app = app;
    this.rows = new Map(); // id: {turn, speaker, element}
    this.list = h("ul", { class: "turns", role: "listbox", tabindex: "0", "aria-label": "Turns", "aria-multiselectable": "true", onclick: (event) => this.clicked(event) });
    this.empty = h("p", { class: "hint" }, "No turns.");
    this.element = h("div", {}, this.empty, this.list);
    this.shown = null;
    this.current = null;
  }

  clicked(event) {
    const id = event.target.closest("[role=option]")?.dataset.turn;
    const turn = this.app.document.turns.find((item) => item.id === id);
    if (turn) this.app.choose(turn, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  show() {
    const { document, store } = this.app;
    this.empty.hidden = document.turns.length > 0;
    this.list.hidden = document.turns.length === 0;
    if (this.shown?.turns !== document.turns || this.shown?.speakers !== document.speakers) this.update(document);
    this.shown = document;
    const chosen = new Set(store.selection);
    for (const [id, row] of this.rows) {
      const selected = chosen.has(id);
      if (row.selected !== selected) {
        row.selected = selected;
        row.element.setAttribute("aria-selected", String(selected));
      }
    }
    const last = store.selection.at(-1);
    if (last === this.current) return;
    this.current = last;
    const row = this.rows.get(last);
    if (!row) return this.list.removeAttribute("aria-activedescendant");
    this.list.setAttribute("aria-activedescendant", row.element.id);
    return this.reveal(row.element);
  }

  reveal(element) {
    const pane = this.element.closest(".panel");
    if (!pane || pane.hidden) return;
    const [row, box] = [element.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (row.top < box.top) pane.scrollTop -= box.top - row.top + 8;
    else if (row.bottom > box.bottom) pane.scrollTop += row.bottom - box.bottom + 8;
  }

  update(document) {
    const speakers = new Map(document.speakers.map((speaker) => [speaker.id, speaker]));
    const rows = new Map();
    for (const turn of document.turns) {
      const speaker = speakers.get(turn.speaker);
      const before = this.rows.get(turn.id);
      rows.set(turn.id, before && before.turn === turn && before.speaker === speaker ? before : { turn, speaker, selected: false, element: this.option(turn, speaker) });
    }
    for (const [id, row] of this.rows) if (rows.get(id) !== row) row.element.remove();
    this.rows = rows;
    let place = this.list.firstElementChild; // what is there already stays untouched
    for (const { element } of rows.values()) {
      if (element === place) place = place.nextElementSibling;
      else this.list.insertBefore(element, place);
    }
    this.current = null;
  }

  option(turn, speaker) {
    return h(
      "li",
      { role: "option", id: `turn-${turn.id}`, "data-turn": turn.id, "aria-selected": "false" },
      swatch(speaker.mark),
      h("span", { class: "name" }, speaker.name),
      h("span", { class: "when" }, `${clock(turn.start)} – ${clock(turn.end)}`),
      h("span", { class: "long" }, duration(turn.end - turn.start)),
      certainty(turn),
    );
  }
}

function certainty({ checked, confidence }) {
  if (checked) return h("span", { class: "sure", role: "img", title: "checked by a person", "aria-label": "checked" }, "✓");
  return confidence === null ? null : h("span", { class: confidence < 0.7 ? "sure low" : "sure", title: "how sure" }, percent(confidence));
}
