// The head of the page: what this is, undo and redo, what is kept, export.
import { button, h } from "../dom.js";
import { duration } from "../time.js";

const STATES = {
  none: "",
  waiting: "Saving …",
  saved: "Saved in this browser",
  failed: "Not saved: export before you leave",
};
const STATES_OF_SERVER = {
  waiting: "Not saved …",
  saved: "Not saved yet",
  browser: "The server is gone. Kept in this browser: start diarize edit again",
  trouble: "Kept in this browser alone",
  elsewhere: "Not kept: opened again elsewhere",
  failed: "Not kept: save or export before you leave",
};

export class Header {
  constructor(app) {
    this.app = app;
    const { recording } = app.document;
    const run = (name) => () => app.commands.run(name);
    this.undo = button("Undo", "undo", run("undo"));
    this.redo = button("Redo", "redo", run("redo"));
    this.state = h("span", { class: "state", role: "status" });
    this.facts = h("p", {});
    const title = h("div", { class: "title" }, h("h1", { title: recording.title }, recording.title), this.facts);
    this.element = h(
      "header",
      { class: "top" },
      title,
      this.state,
      h("div", { class: "group" }, this.undo, this.redo),
      button("Dark or light", "theme", run("theme"), { class: "button round theme" }),
      button("Keys", "help", run("help")),
      button("Export", "export", run("export"), { text: true, class: app.server ? "button slim" : "button primary" }),
      app.server && button("Save", "file", run("save"), { text: true, class: "button primary", title: `Save to ${app.server.file} (Ctrl S)` }),
    );
  }

  show() {
    const { autosave, document, store } = this.app;
    const count = document.speakers.length;
    const checked = document.turns.filter((turn) => turn.checked).length;
    this.facts.textContent = `${duration(document.recording.duration)} · ${count} ${count === 1 ? "speaker" : "speakers"} · ${document.turns.length} turns${checked ? `, ${checked} checked` : ""}`;
    this.undo.disabled = !store.canUndo;
    this.redo.disabled = !store.canRedo;
    this.undo.title = store.canUndo ? `Undo: ${store.history.present.label}` : "Undo";
    const { server } = this.app;
    const rest = server?.version ? `Saved in ${server.file}` : "";
    const trouble = autosave.state === "browser" && server?.trouble;
    this.state.textContent = server ? (STATES_OF_SERVER[trouble ? "trouble" : autosave.state] ?? rest) : STATES[autosave.state];
    this.state.title = trouble || "";
    this.state.classList.toggle("bad", ["failed", "browser", "elsewhere"].includes(autosave.state));
  }
}
