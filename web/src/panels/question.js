// One question at a time: who speaks here? Each answer has a key.
import { button, h } from "../dom.js";
import { counted, keyOf } from "../learning.js";
import { swatch } from "../palette.js";
import { clock } from "../time.js";

export class Question {
  constructor(app) {
    this.app = app;
    this.what = h("p", { class: "what", role: "status" });
    this.answers = h("div", { class: "answers" });
    this.itself = h("input", { type: "checkbox", onchange: () => this.choose() });
    this.done = h("span", { class: "facts" });
    this.element = h("section", { class: "question", "aria-label": "Check this", hidden: true }, this.what, this.answers, h("p", { class: "more" }, h("label", {}, this.itself, " learn by itself after every five answers"), this.done));
  }

  choose() {
    this.app.learning.setByItself(this.itself.checked);
    this.itself.blur(); // keys are answers again
  }

  show() {
    const { document, learning } = this.app;
    const { asked } = learning;
    this.element.hidden = !asked;
    if (!asked) return;
    const key = (text) => h("kbd", {}, text);
    const answer = (run, letter, ...content) => h("button", { type: "button", class: "button", disabled: learning.busy, onclick: run }, key(letter), content);
    const here = document.turns.filter((turn) => turn.start < asked.end && turn.end > asked.start);
    const names = [...new Set(here.map((turn) => document.speakers.find((speaker) => speaker.id === turn.speaker).name))];
    const stands = names.join(" + ") || "nobody";
    this.what.replaceChildren(
      h("strong", {}, "Who speaks here? "),
      h("span", {}, `${clock(asked.start)} – ${clock(asked.end)} · ${because(asked)}`),
      names.includes(asked.speaker) ? "" : h("span", {}, ` · the diarizer thinks ${asked.speaker}`),
    );
    this.answers.replaceChildren(
      answer(() => learning.asItIs(), "Y", `as it is: ${stands}`),
      ...document.speakers.map((speaker, place) => answer(() => learning.give(speaker.id), keyOf(place), swatch(speaker.mark), speaker.name)),
      answer(() => this.app.newSpeakerDialog(), "+", "somebody else …"),
      answer(() => learning.nobody(), "0", "nobody"),
      answer(() => learning.skip(), "S", "skip"),
      answer(() => learning.play(), "Enter", "listen again"),
      button("End", null, () => learning.end(), { text: true, title: "End the questions (Esc)" }),
    );
    this.itself.checked = learning.byItself;
    this.done.textContent = learning.busy ? "choosing the next …" : `${counted(learning.answers, "answer")} so far`;
  }
}

function because({ reason, gain }) {
  if (reason === "doubtful") return "unsure here";
  if (reason === "unnamed") return "nobody has named this voice yet";
  return `a group of ${Math.max(1, Math.round(gain))} s hangs on it`;
}
