// One question at a time: who speaks here? Each answer has a key.
import { h } from "../dom.js";
import { SHORTEST } from "../edits/turns.js";
import { counted, keyOf } from "../learning.js";
import { swatch } from "../palette.js";
import { clock } from "../time.js";

export class Question {
  constructor(app) {
    this.app = app;
    this.what = h("p", { class: "what", role: "status" });
    this.answers = h("div", { class: "answers", role: "group", "aria-label": "Answers" });
    this.itself = h("input", { type: "checkbox", onchange: () => this.choose() });
    this.done = h("span", { class: "facts" });
    this.element = h("section", { class: "question", "aria-label": "Check this", hidden: true }, this.what, this.answers, h("p", { class: "more" }, h("label", {}, this.itself, " learn by itself after every five answers"), this.done));
  }

  choose() {
    this.app.learning.setByItself(this.itself.checked);
    this.itself.blur(); // keys are answers again
  }

  show() {
    const { learning } = this.app;
    this.element.hidden = !learning.asked;
    this.app.toast.classList.toggle("high", !this.element.hidden); // it would lie over the answers
    if (!learning.asked) return;
    const focused = this.answers.contains(document.activeElement) && document.activeElement.dataset.key;
    const text = this.text(learning.asked);
    if (this.what.textContent !== text.map((part) => part.textContent).join("")) this.what.replaceChildren(...text); // read out when it is another one
    this.answers.replaceChildren(...(learning.several ? this.ofSeveral() : this.ofOne()));
    if (focused) this.answers.querySelector(`[data-key="${focused}"]`)?.focus();
    this.itself.checked = learning.byItself;
    this.done.textContent = learning.waiting ? "choosing the next …" : `${counted(learning.given.length, "answer")} so far`;
  }

  text(asked) {
    const other = this.names.includes(asked.speaker) ? "" : ` · the diarizer thinks ${asked.speaker}`;
    return [h("strong", {}, "Who speaks here? "), h("span", {}, `${clock(asked.start)} – ${clock(asked.end)} · ${because(asked)}${other}`)];
  }

  // Who speaks there, as the turns stand.
  get names() {
    const { document, learning } = this.app;
    const { start, end } = learning.asked;
    const here = document.turns.filter((turn) => Math.min(turn.end, end) - Math.max(turn.start, start) >= SHORTEST);
    return document.speakers.filter(({ id }) => here.some((turn) => turn.speaker === id)).map(({ name }) => name);
  }

  answer(run, key, content, more = {}) {
    const { waiting } = this.app.learning;
    return h("button", { type: "button", class: "button", disabled: waiting && key !== "Esc", onclick: run, "data-key": key, "aria-keyshortcuts": key.replace("Esc", "Escape").replace("+", "Plus"), ...more }, key && h("kbd", {}, key), content);
  }

  ofOne() {
    const { app } = this;
    const { learning } = app;
    return [
      this.answer(() => learning.asItIs(), "Y", `as it is: ${this.names.join(" + ") || "nobody"}`),
      ...app.document.speakers.map((speaker, place) => this.answer(() => learning.give(speaker.id), keyOf(place), [swatch(speaker.mark), speaker.name])),
      this.answer(() => app.newSpeakerDialog(), "+", "somebody else …"),
      this.answer(() => learning.chooseSeveral(), "B", "several at once …"),
      this.answer(() => learning.nobody(), "0", "nobody"),
      this.answer(() => learning.skip(), "S", "skip"),
      this.answer(() => learning.play(), "Enter", "listen again"),
      this.answer(() => learning.end(), "Esc", "end", { title: "End the questions" }),
    ];
  }

  ofSeveral() {
    const { app } = this;
    const { learning } = app;
    const chosen = ({ id }) => learning.several.has(id);
    const names = app.document.speakers.filter(chosen).map(({ name }) => name);
    return [
      ...app.document.speakers.map((speaker, place) => this.answer(() => learning.give(speaker.id), keyOf(place), [swatch(speaker.mark), speaker.name], { "aria-pressed": String(chosen(speaker)) })),
      this.answer(() => app.newSpeakerDialog(), "+", "somebody else …"),
      this.answer(() => learning.giveAll(), "Enter", names.length ? `these speak: ${names.join(" + ")}` : "these speak", { class: "button primary", disabled: !names.length }),
      this.answer(() => learning.chooseSeveral(), "Esc", "back"),
    ];
  }
}

function because({ reason, gain }) {
  if (reason === "doubtful") return "unsure here";
  if (reason === "unnamed") return "nobody has named this voice yet";
  return `a group of ${Math.max(1, Math.round(gain))} s hangs on it`;
}
