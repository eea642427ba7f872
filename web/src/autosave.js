// Corrections are kept a moment after each edit; until then, and where keeping fails, leaving the page warns.

const WAIT = 300; // milliseconds

export class Autosave {
  constructor(host, delivered, changed) {
    this.host = host;
    this.delivered = delivered;
    this.changed = changed;
    this.state = "none"; // none, waiting, saved, browser, failed, elsewhere
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
    const same = this.same(edits);
    try {
      const where = await this.host.save(same ? null : edits);
      if (edits === this.edits && this.state === "waiting") this.state = same ? "none" : where;
    } catch (error) {
      this.state = error.elsewhere ? "elsewhere" : "failed";
    }
    this.changed();
  }

  same(edits) {
    return ["speakers", "turns", "silence"].every((name) => edits[name] === this.delivered[name]);
  }

  // These edits are on disk: from now on they are what the page started from.
  saved(edits) {
    this.delivered = edits;
    if (!this.edits || this.same(this.edits)) {
      clearTimeout(this.timer);
      this.state = "none";
    }
    this.changed();
  }

  get unsaved() {
    return ["waiting", "failed", "elsewhere"].includes(this.state);
  }
}
