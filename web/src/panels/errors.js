// How far the turns are from the reference, as they stand now.
import { button, h } from "../dom.js";
import { KINDS } from "../draw/differences.js";
import { totals } from "../errors.js";
import { clock, duration } from "../time.js";

const MEANING = {
  missed: "the reference has more speakers here",
  "false alarm": "the reference has fewer speakers here",
  confusion: "the wrong speaker",
};
const MOST = 500; // rows shown

export class ErrorPanel {
  constructor(app) {
    this.app = app;
    this.rate = h("p", { class: "rate" });
    this.rows = h("ul", { class: "kinds" });
    this.list = h("ol", { class: "errors" });
    this.pairs = h("p", { class: "facts" });
    this.element = h("div", {}, this.rate, this.rows, this.pairs, button("Next error", null, () => app.commands.run("error"), { text: true }), h("h2", { class: "sub" }, "Longest first"), this.list);
    this.shown = null;
  }

  show() {
    const { document, env } = this.app;
    if (this.shown === document) return;
    this.shown = document;
    const sums = totals(env.differences);
    const { total } = document.reference;
    const sum = Object.values(sums).reduce((one, other) => one + other, 0);
    const share = (seconds) => (total ? `${((100 * seconds) / total).toFixed(1)} %` : "");
    this.rate.replaceChildren(h("strong", {}, total ? share(sum) : "no rate"), total ? " diarization error rate, without collar" : ": the reference is silent");
    this.rows.replaceChildren(
      ...KINDS.map(({ kind, colour, letter }) =>
        h("li", {}, h("span", { class: `kind ${colour}`, "aria-hidden": "true" }, letter), h("span", {}, kind, h("small", {}, MEANING[kind])), h("span", { class: "value" }, duration(sums[kind]), h("small", {}, share(sums[kind])))),
      ),
    );
    const names = [...env.pairs].map(([id, name]) => `${document.speakers.find((speaker) => speaker.id === id)?.name} = ${name}`);
    this.pairs.textContent = names.length ? `Compared as: ${names.join(", ")}` : "No speaker has a partner in the reference.";
    const longest = [...env.differences].sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, MOST);
    this.list.replaceChildren(...longest.map((item) => this.row(item)));
  }

  row(item) {
    const { colour, letter } = KINDS.find(({ kind }) => kind === item.kind);
    const go = () => this.app.goTo(item.start);
    return h("li", {}, h("button", { type: "button", onclick: go }, h("span", { class: `kind ${colour}`, "aria-hidden": "true" }, letter), h("span", { class: "name" }, item.kind), h("span", { class: "when" }, clock(item.start)), h("span", { class: "long" }, duration(item.end - item.start))));
  }
}
