// What is selected, as a form: exact times, the speaker, and what can be done with it.
import { button, h } from "../dom.js";
import { moveEnd, moveStart, reassign } from "../edits/turns.js";
import { clock, duration, parsed, percent } from "../time.js";

export class Inspector {
  constructor(app) {
    this.app = app;
    this.hint = h("p", { class: "hint" });
    this.speaker = h("select", { "aria-label": "Speaker of the selected turns", onchange: () => this.give() });
    this.start = this.time("Start", moveStart, "start");
    this.end = this.time("End", moveEnd, "end");
    this.facts = h("span", { class: "facts" });
    const run = (name) => () => app.commands.run(name);
    this.single = [
      h("label", {}, "from ", this.start),
      h("label", {}, "to ", this.end),
      this.facts,
      button("Play turn", "play", run("playTurn"), { text: "Play" }),
      button("Cut here", "cut", run("cut"), { text: "Cut", title: "Cut in two at the playhead" }),
    ];
    this.confirm = button("Confirm", "check", run("confirm"), { text: true, title: "This is right: mark as checked, or not any more" });
    this.form = h("div", { class: "fields" }, this.speaker, this.single, this.confirm, button("Delete", "trash", run("remove"), { text: true, title: "Delete the selected turns" }), button("New speaker from selection", "plus", run("splitOff"), { text: "Split off", title: "The selected turns become those of a new speaker" }));
    this.element = h("section", { class: "inspector", "aria-label": "Selected turn" }, this.hint, this.form);
  }

  time(name, edit, side) {
    const change = (event) => {
      const turn = this.app.store.selected;
      const seconds = parsed(event.target.value);
      if (turn && seconds !== null) this.app.edit(`moved the ${side} of a turn`, edit(this.app.document, turn.id, seconds));
      else this.app.say("A time is written 1:02.5 or 62.5.");
      this.show();
    };
    return h("input", { type: "text", inputMode: "decimal", autocomplete: "off", size: 9, "aria-label": name, onchange: change });
  }

  give() {
    this.app.edit("gave turns to another speaker", reassign(this.app.document, this.app.store.selection, this.speaker.value));
  }

  show() {
    const { document, store } = this.app;
    const turn = store.selected;
    this.element.hidden = Boolean(this.app.learning?.asked) && !turn; // a question stands there
    this.form.hidden = !turn;
    this.element.classList.toggle("chosen", Boolean(turn));
    this.hint.hidden = Boolean(turn);
    if (!turn) {
      const { silence } = this.app;
      this.hint.classList.toggle("bad", Boolean(silence));
      this.hint.textContent = silence
        ? silence
        : document.turns.length
        ? "Choose a turn to correct it. Drag on an empty lane to draw one; drag a turn to another lane to give it to that speaker."
        : "No turns yet. Drag on a lane to draw the first, or press N.";
      return;
    }
    const names = document.speakers.map((speaker) => h("option", { value: speaker.id, selected: speaker.id === turn.speaker }, speaker.name));
    this.speaker.replaceChildren(...names);
    for (const item of this.single) item.hidden = store.selection.length > 1;
    if (globalThis.document.activeElement !== this.start) this.start.value = clock(turn.start, 3);
    if (globalThis.document.activeElement !== this.end) this.end.value = clock(turn.end, 3);
    const chosen = new Set(store.selection);
    this.confirm.setAttribute("aria-pressed", String(document.turns.every((item) => item.checked || !chosen.has(item.id))));
    const sure = turn.checked || turn.confidence === null ? "" : ` · ${percent(turn.confidence)} sure`;
    this.facts.textContent = `${duration(turn.end - turn.start)}${sure}`;
  }
}
