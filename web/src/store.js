// The one state of the page: the history of documents, what is selected, what is being drawn. Whoever shows it subscribes.
// Whoever brings other turns from elsewhere needs three members: `edits`, what a person has made of the document;
// `replace`, other speakers, turns and silence as one step that can be undone; `confirm`, turns that are right.
import { opened } from "./document.js";
import { confirm } from "./edits/turns.js";
import { begun, committed, redone, undone } from "./history.js";

export class Store {
  constructor(document) {
    this.history = begun(document);
    this.draft = null; // a document while a drag lasts
    this.selection = []; // ids of turns, the last one chosen at the end
    this.speaker = document.speakers[0]?.id ?? null; // whom new turns get
    this.drawing = false;
    this.listeners = [];
  }

  get document() {
    return this.draft ?? this.history.present.document;
  }

  get canUndo() {
    return this.history.past.length > 0;
  }

  get canRedo() {
    return this.history.future.length > 0;
  }

  subscribe(listener) {
    this.listeners.push(listener);
  }

  changed(edited = false) {
    for (const listener of this.listeners) listener(edited);
  }

  preview(document) {
    this.draft = document;
    this.changed();
  }

  // Returns whether anything is different.
  commit(label, document) {
    const before = this.history;
    this.draft = null;
    this.history = committed(before, label, document);
    this.tidy();
    this.changed(before !== this.history);
    return before !== this.history;
  }

  get edits() {
    const { speakers, turns, silence } = this.history.present.document;
    return { speakers, turns, silence };
  }

  replace(label, { speakers, turns, silence = [] }) {
    return this.commit(label, opened({ ...this.history.present.document, speakers, turns, silence }));
  }

  confirm(ids, checked = true) {
    return this.commit(checked ? "checked turns" : "unchecked turns", confirm(this.history.present.document, ids, checked));
  }

  undo() {
    const { label } = this.history.present;
    return this.goTo(undone(this.history)) ? label : null;
  }

  redo() {
    return this.goTo(redone(this.history)) ? this.history.present.label : null;
  }

  goTo(history) {
    if (history === this.history) return false;
    this.draft = null;
    this.history = history;
    this.tidy();
    this.changed(true);
    return true;
  }

  select(ids) {
    this.selection = ids;
    const turn = this.selected;
    if (turn) this.speaker = turn.speaker;
    this.changed();
  }

  get selected() {
    const id = this.selection.at(-1);
    return id === undefined ? undefined : this.document.turns.find((turn) => turn.id === id);
  }

  // Selections of what is gone go.
  tidy() {
    const { turns, speakers } = this.document;
    const there = new Set(turns.map((turn) => turn.id));
    this.selection = this.selection.filter((id) => there.has(id));
    if (this.selected) this.speaker = this.selected.speaker;
    if (!speakers.some((speaker) => speaker.id === this.speaker)) this.speaker = speakers[0]?.id ?? null;
  }
}
