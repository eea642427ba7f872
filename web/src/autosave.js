// Corrections are kept a moment after each edit; until then, and where keeping fails, leaving the page warns.

const WAIT = 300; // milliseconds

export class Autosave {
  constructor(host, delivered, changed) {
    this.host = host;
    this.delivered = delivered;
    this.changed = changed;
    this.state = "none"; // none, waiting, saved, failed
    this.timer = 0;
  }

  wants(edits) {
    clearTimeout(this.timer);
    this.state = "waiting";
    this.edits = edits;
    this.timer = setTimeout(() => this.now(), WAIT);
    this.changed();
  }

  async now() {
    clearTimeout(this.timer);
    if (this.state !== "waiting") return;
    const { edits } = this;
    const same = edits.turns === this.delivered.turns && edits.speakers === this.delivered.speakers;
    try {
      await this.host.save(same ? null : edits);
      if (edits === this.edits) this.state = same ? "none" : "saved";
    } catch {
      this.state = "failed";
    }
    this.changed();
  }

  get unsaved() {
    return this.state === "waiting" || this.state === "failed";
  }
}
