// What becomes of corrections beside the page: saved to the file, taken back from last time, put aside, gone on with.
import { conflictDialog, elsewhereDialog, restoreDialog } from "./panels/keeping.js";
import { leaveNote, noteLeft } from "./settings.js";

const GONE = "the server is gone. Start `diarize edit` again";

export class Keeping {
  constructor(app, autosave, server) {
    this.app = app;
    this.autosave = autosave;
    this.server = server; // null for a page from a file, which keeps corrections in the browser and saves none
    this.note = "";
  }

  // Where they are kept is another place now.
  show() {
    this.app.header.show();
    if (this.autosave.state === "elsewhere" && !document.querySelector("dialog[open]")) elsewhereDialog(this);
  }

  // Write the file; `overwrite` also where somebody else has changed it.
  async save(overwrite = false) {
    const { document, edits } = this.app.store;
    try {
      const { backup } = await this.server.write(document, overwrite);
      this.autosave.saved(edits);
      this.app.say(`Saved in ${this.server.file}${backup ? `; what was there is now ${backup}` : ""}.`);
    } catch (error) {
      if (error.elsewhere) elsewhereDialog(this);
      else if (error.status === 409) conflictDialog(this, error.message);
      else this.failed("Not saved", error);
    }
  }

  // Show the file as it is by now, or what another page has kept; what was not saved here is put aside.
  async reload() {
    const { edits } = this.app.store;
    if (!(await this.putAside(this.autosave.state === "none" ? undefined : edits))) return;
    this.autosave.saved(edits);
    leaveNote(this.note);
    location.reload();
  }

  // Make backups of what was kept, and of these edits; returns whether nothing can be lost now.
  async putAside(edits) {
    try {
      this.sayAside(await this.server.setAside(edits));
      return true;
    } catch (error) {
      this.failed("Not put aside", error);
      return false;
    }
  }

  // Go on here though the page was opened again elsewhere.
  async takeOver() {
    try {
      this.sayAside(await this.server.takeOver());
      this.autosave.wants(this.app.store.edits);
    } catch (error) {
      this.failed("Not kept", error);
    }
  }

  // What was not saved the last time comes back, unless the file is another one by now: then a person says.
  async restore() {
    this.note = (this.server && noteLeft()) || "";
    if (this.note) this.app.say(this.note);
    const kept = await this.autosave.host.load();
    if (!kept || !Array.isArray(kept.turns) || !Array.isArray(kept.speakers)) return;
    if (kept.stale) restoreDialog(this, kept);
    else this.takeBack(kept);
  }

  takeBack(kept) {
    const there = this.app.store.replace("your corrections", kept);
    if (there) this.app.say(`${this.note} Your corrections from last time are back. Undo shows the page as it was delivered.`.trim());
  }

  sayAside(backups) {
    this.note = backups.length ? `Put aside as ${backups.join(" and ")}.` : "";
    if (this.note) this.app.say(this.note);
  }

  failed(what, error) {
    this.app.say(`${what}: ${error.status ? error.message : GONE}.`);
  }
}
