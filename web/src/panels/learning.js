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
    for (const [changes, tick] of this.ticks) {
      const taken = changes.filter((change) => learning.taken.has(change)).length;
      tick.checked = taken === changes.length;
      tick.indeterminate = taken > 0 && !tick.checked;
    }
  }

  // What is new first, then what the diarizer has thought all the time.
  fill(changes) {
    this.ticks = []; // [changes, box] each
    const before = changes.filter((change) => !isNews(change));
    const heading = before.length ? [h("li", { class: "sub" }, "As before your corrections")] : [];
    this.list.replaceChildren(...this.rows(changes.filter(isNews)), ...heading, ...this.rows(before));
  }

  // Changes of the same people under one box, those of the longest time first; each in a row of its own below.
  rows(changes) {
    const groups = grouped(changes, said);
    const sorted = [...groups].sort(([, one], [, other]) => seconds(other) - seconds(one));
    return sorted.flatMap(([text, group]) => {
      if (group.length === 1) return [this.row(text, text, group)];
      return [this.row(text, text, group), ...group.map((change) => this.row(text, "", [change], "part"))];
    });
  }

  row(text, name, changes, kind = "") {
    const { app } = this;
    const [start, end] = [changes[0][0].start, changes[0].at(-1).end];
    const label = changes.length > 1 ? `Take all: ${text}` : `Take: ${text} at ${clock(start)}`;
    const tick = h("input", { type: "checkbox", "aria-label": label, onchange: () => app.learning.take(changes, tick.checked) });
    this.ticks.push([changes, tick]);
    const listen = () => {
      app.goTo(start);
      app.player.playOnce(start, end);
    };
    return h("li", { class: kind }, tick, h("button", { type: "button", title: "Listen", onclick: listen }, h("span", { class: "name" }, name), h("span", { class: "when" }, changes.length === 1 ? clock(start) : `${changes.length} times`), h("span", { class: "long" }, duration(seconds(changes)))));
  }
}

const length = (change) => change.at(-1).end - change[0].start;
const seconds = (changes) => changes.reduce((sum, change) => sum + length(change), 0);

// Who speaks before and after, in the longest part of a change.
function said(change) {
  const main = change.reduce((longest, part) => (part.end - part.start > longest.end - longest.start ? part : longest));
  return `${people(main.before)} → ${people(main.after)}`;
}

function grouped(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function people(names) {
  return names.join(" + ") || "nobody";
}
