// The server behind the page, where there is one: it saves, learns, and keeps what is not saved yet in a journal. Once
// it is gone the browser keeps that, under a name that the next server's page knows.
import { quiet } from "./document.js";

const SMALL = 60_000; // bytes that a page may still send when it is left

export class Server {
  constructor({ key, server }) {
    this.place = `diarize:${key}`;
    this.version = server.version; // of the file that is shown; "" where there is none
    this.file = server.file;
    this.marks = server.marks; // whether the file says which turns are checked
    this.journal = server.journal;
    this.queue = Promise.resolve();
  }

  // One after the other: what is sent later is newer.
  ask(path, body) {
    const answer = this.queue.then(() => this.send(path, JSON.stringify(body)));
    this.queue = answer.catch(() => {});
    return answer;
  }

  async send(path, body) {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: body.length < SMALL });
    const value = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(value.error ?? `the server answers ${answer.status}`), { status: answer.status });
    return value;
  }

  // What was not saved the last time, wherever it was kept later, or null; `stale` where the file is another one by now.
  async load() {
    const kept = [this.journal, this.local()].filter((one) => one?.edits).sort((one, other) => other.time - one.time)[0];
    return kept ? { ...kept.edits, stale: kept.version !== this.version } : null;
  }

  // Keep edits until they are saved; null forgets. Says "browser" where the server is gone.
  async save(edits) {
    const { version } = this;
    try {
      await this.ask("keep", { edits, version });
      this.forget();
      return "saved";
    } catch (error) {
      if (error.status) throw error;
      if (edits) localStorage.setItem(this.place, JSON.stringify({ edits, version, time: Date.now() / 1000 }));
      return "browser";
    }
  }

  // Write the file: the answer says where a backup is, if there is any. An error of status 409 is a conflict.
  async write(document, overwrite) {
    const saved = await this.ask("save", { edits: sent(document), version: this.version, overwrite });
    this.version = saved.version;
    this.forget();
    return saved;
  }

  // {changes, checks}; not in the queue, since the first time it takes as long as the diarizer.
  learn(document) {
    return this.send("learn", JSON.stringify({ edits: sent(document) }));
  }

  async setAside() {
    await this.ask("aside", {});
    this.forget();
  }

  local() {
    try {
      return JSON.parse(localStorage.getItem(this.place) ?? "null");
    } catch {
      return null;
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.place);
    } catch {
      // nothing is kept there
    }
  }
}

function sent(document) {
  return { speakers: document.speakers, turns: document.turns, silence: quiet(document) };
}
