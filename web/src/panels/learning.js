// What the diarizer would change, line by line.
import { button, h } from "../dom.js";
import { counted, isNews } from "../learning.js";
import { clock, duration } from "../time.js";

export class LearningPanel {
  constructor(app) {
    this.app = app;
    const { learning } = app;
    const run = (name) => () => app.commands.run(name);
    this.learn = button("Learn from my corrections", "check", run("learn"), { text: true, class: "button primary", title: "What would change, given what is checked (L)" });
    this.check = button("Check these next", "help", run("check"), { text: true, title: "The stretches where an answer settles most (J)" });
    this.facts = h("p", { class: "facts" });
    this.count = h("p", { class: "sub", role: "status" });
    this.list = h("ol", { class: "changes" });
    this.accept = button("Take what is ticked", "check", () => learning.accept(), { text: true, class: "button primary" });
    this.proposal = h(
      "div",
      {},
      this.count,
      h("div", { class: "actions wrap" }, this.accept, button("Tick all", null, () => learning.takeAll(true), { text: true }), button("Tick none", null, () => learning.takeAll(false), { text: true }), button("Leave all", null, () => learning.drop(), { text: true })),
      this.list,
    );
    this.element = h("div", {}, h("div", { class: "actions wrap" }, this.learn, this.check), this.facts, this.proposal);
    this.shown = null;
  }

  show() {
    const { document, learning } = this.app;
    const checked = document.turns.filter((turn) => turn.checked).length;
    this.accept.disabled = !learning.taken.size;
    this.learn.disabled = this.check.disabled = learning.busy;
    const marks = learning.server.marks ? "" : ` ${learning.server.file} cannot say which turns are checked; JSON can.`;
    this.facts.textContent = learning.busy ? "Learning … The first time the whole recording is listened to." : `${counted(checked, "turn")} checked, ${counted(document.silence.length, "silence")} given. What you check stays; the rest follows from it.${marks}`;
    this.proposal.hidden = !learning.changes;
    if (learning.changes && this.shown !== learning.changes) this.fill(learning.changes);
    this.shown = learning.changes;
    if (!learning.changes) return;
    this.count.textContent = `${learning.taken.size} of ${counted(learning.changes.length, "change")} ticked`;
    for (const [change, tick] of this.ticks) tick.checked = learning.taken.has(change);
  }

  // What is new first, then what the diarizer has thought all the time.
  fill(changes) {
    this.ticks = new Map();
    const before = changes.filter((change) => !isNews(change));
    const heading = before.length ? [h("li", { class: "sub" }, "As before your corrections")] : [];
    this.list.replaceChildren(...changes.filter(isNews).map((change) => this.row(change)), ...heading, ...before.map((change) => this.row(change)));
  }

  row(change) {
    const { app } = this;
    const main = change.reduce((longest, part) => (part.end - part.start > longest.end - longest.start ? part : longest));
    const [start, end] = [change[0].start, change.at(-1).end];
    const text = `${people(main.before)} → ${people(main.after)}`;
    const tick = h("input", { type: "checkbox", "aria-label": `Take: ${text} at ${clock(start)}`, onchange: () => app.learning.take(change, tick.checked) });
    this.ticks.set(change, tick);
    const listen = () => {
      app.goTo(start);
      app.player.playOnce(start, end);
    };
    return h("li", {}, tick, h("button", { type: "button", title: "Listen", onclick: listen }, h("span", { class: "name", title: text }, text), h("span", { class: "when" }, clock(start)), h("span", { class: "long" }, duration(end - start))));
  }
}

function people(names) {
  return names.join(" + ") || "nobody";
}
