// The speakers: their names, what they amount to, and what can be done with them.
import { button, h } from "../dom.js";
import { addSpeaker, removeSpeaker, splitFrom } from "../edits/speakers.js";
import { colourOf, swatch } from "../palette.js";
import { duration, percent } from "../time.js";

export class SpeakerPanel {
  constructor(app) {
    this.app = app;
    this.cards = h("ul", { class: "speakers" });
    this.totals = h("dl", { class: "totals" });
    this.element = h("div", {}, this.totals, this.cards, button("New speaker", "plus", () => app.edit("added a speaker", addSpeaker(app.document)), { text: true }));
    this.held = new Map();
    this.shown = null;
  }

  show() {
    const { document, env, only } = this.app;
    if (this.shown === document && this.only === only) return;
    [this.shown, this.only] = [document, only];
    const held = new Map();
    for (const figures of env.figures.speakers) {
      const speaker = document.speakers.find((item) => item.id === figures.id);
      const card = this.held.get(speaker.id) ?? this.card(speaker);
      held.set(speaker.id, card);
      this.fill(card, speaker, figures);
    }
    for (const [id, card] of this.held) if (!held.has(id)) card.element.remove();
    this.held = held;
    const elements = [...held.values()].map((card) => card.element);
    // moving an element would take the focus away
    if (elements.some((element, place) => this.cards.children[place] !== element)) this.cards.replaceChildren(...elements);
    this.sum(env.figures, document);
  }

  card(speaker) {
    const { app } = this;
    const { id } = speaker;
    const name = h("input", { type: "text", class: "name", maxLength: 500, autocomplete: "off", spellcheck: false, onchange: () => this.renamed(id, name), onkeydown: (event) => event.key === "Enter" && name.blur() });
    const bar = h("span", { class: "bar" });
    const total = h("span", { class: "total" });
    const facts = h("span", { class: "facts" });
    const only = button("Only", "solo", () => app.solo(id), { text: true, title: "Play only this speaker" });
    const merge = button("Merge", null, () => app.mergeDialog(id), { text: true, title: "Merge with another speaker" });
    const divide = button("Split here", null, () => this.divide(id), { text: true, title: "What this speaker says from the playhead on becomes a new speaker" });
    const remove = button("Delete this speaker", "trash", () => app.edit(`deleted ${name.value}`, removeSpeaker(app.document, id)));
    const head = h("div", { class: "head" }, swatch(speaker.mark), name, total);
    const element = h("li", { class: "card" }, head, h("div", { class: "track" }, bar), facts, h("div", { class: "actions" }, only, merge, divide, remove));
    return { element, name, bar, total, facts, only, merge, divide };
  }

  renamed(id, field) {
    const before = this.app.document;
    this.app.rename(id, field.value);
    if (this.app.document === before) field.value = before.speakers.find((item) => item.id === id)?.name ?? "";
  }

  divide(id) {
    const before = this.app.document;
    this.app.edit("split a speaker", splitFrom(before, id, this.app.player.time));
    if (this.app.document === before) this.app.say("Put the playhead between two turns of this speaker first.");
  }

  fill(card, speaker, figures) {
    const { app } = this;
    if (document.activeElement !== card.name || card.named !== speaker.name) card.name.value = speaker.name;
    card.named = speaker.name;
    card.name.title = speaker.name;
    card.name.setAttribute("aria-label", `Name of ${speaker.name}`);
    card.total.textContent = `${percent(figures.share)}`;
    card.bar.style.backgroundColor = colourOf(speaker.mark);
    card.bar.style.width = `${100 * figures.share}%`;
    const plural = figures.turns === 1 ? "turn" : "turns";
    const overlap = figures.overlapped ? ` · ${percent(figures.overlapped)} overlapped` : "";
    card.facts.textContent = `${duration(figures.total)} · ${figures.turns} ${plural} · mean ${figures.mean.toFixed(1)} s · longest ${duration(figures.longest)}${overlap}`;
    card.only.setAttribute("aria-pressed", String(app.only === speaker.id));
    card.merge.disabled = app.document.speakers.length < 2;
  }

  sum(figures, { recording }) {
    const share = (seconds) => (recording.duration ? percent(seconds / recording.duration) : "");
    const rows = [
      ["Speakers", String(figures.speakers.length), ""],
      ["Turns", String(figures.turns), ""],
      ["Speech", duration(figures.speech), share(figures.speech)],
      ["Overlap", duration(figures.overlapped), share(figures.overlapped)],
      ["Silence", duration(figures.silence), share(figures.silence)],
    ];
    this.totals.replaceChildren(...rows.map(([name, value, more]) => h("div", {}, h("dt", {}, name), h("dd", {}, value, more && h("small", {}, more)))));
  }
}
