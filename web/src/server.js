// The server behind the page, where there is one: it saves, learns, and keeps what is not saved yet in a journal. Once
// it is gone the browser keeps that, under a name that the next server's page knows.
import { quiet } from "./document.js";

const SMALL = 60_000; // bytes that a page may still send when it is left

export class Server {
  constructor({ key, server }) {
    this.place = `diarize:${key}`;
    this.version = server.version; // of the file that is shown; "" where there is none
    this.file = server.file;
    this.page = server.page; // the server takes corrections from the page that was opened last, and from no other
    this.trouble = ""; // why the browser alone keeps them
    this.marks = server.marks; // whether the file says which turns are checked
    this.journal = server.journal;
    this.queue = Promise.resolve();
  }

  // One after the other: what is sent later is newer.
  ask(path, body) {
    const answer = this.queue.then(() => this.send(path, JSON.stringify({ ...body, page: this.page })));
    this.queue = answer.catch(() => {});
    return answer;
  }

  async send(path, body) {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: body.length < SMALL });
    const value = await answer.json().catch(() => ({}));
    const { error = `the server answers ${answer.status}`, elsewhere = false } = value;
    if (!answer.ok) throw Object.assign(new Error(error), { status: answer.status, elsewhere });
    return value;
  }

  // What was not saved the last time, wherever it was kept later, or null; `stale` where the file is another one by now.
  async load() {
    const kept = [this.journal, this.local()].filter((one) => one?.edits).sort((one, other) => other.time - one.time)[0];
    return kept ? { ...kept.edits, time: kept.time, stale: kept.version !== this.version } : null;
  }

  // Keep edits until they are saved; null forgets. The browser keeps them until the server has them; says "browser" where
  // it goes on to, since the server is gone or cannot write.
  async save(edits) {
    const { version } = this;
    const here = this.remember(edits && { edits, version, time: Date.now() / 1000 });
    try {
      await this.ask("keep", { edits, version });
      this.remember(null);
      return "saved";
    } catch (error) {
      if (error.elsewhere) this.remember(null); // this page is not the one to go on with
      if (error.elsewhere || !here) throw error;
      this.trouble = error.status ? error.message : "";
      return "browser";
    }
  }

  // Write the file: the answer says where a backup is, if there is any. An error of status 409 is a conflict.
  async write(document, overwrite) {
    const saved = await this.ask("save", { edits: sent(document), version: this.version, overwrite });
    this.version = saved.version;
    this.remember(null);
    return saved;
  }

  // {changes, checks}; not in the queue, since the first time it takes as long as the diarizer.
  learn(document) {
    return this.send("learn", JSON.stringify({ edits: sent(document) }));
  }

  // Make backups of what was kept, and of these edits; returns their names.
  async setAside(edits) {
    const { backups } = await this.ask("aside", { edits });
    this.remember(null);
    return backups;
  }

  // Go on with this page though it was opened again; returns the names of backups of what the other one kept.
  async takeOver() {
    const { page, backups } = await this.ask("take", {});
    this.page = page;
    return backups;
  }

  local() {
    try {
      return JSON.parse(localStorage.getItem(this.place) ?? "null");
    } catch {
      return null;
    }
  }

  // Returns whether the browser keeps it; null forgets.
  remember(kept) {
    try {
      if (kept) localStorage.setItem(this.place, JSON.stringify(kept));
      else localStorage.removeItem(this.place);
      return true;
    } catch {
      return false;
    }
  }
}

function sent(document) {
  return { speakers: document.speakers, turns: document.turns, silence: quiet(document) };
}
