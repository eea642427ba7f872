// Learning from corrections: what the diarizer would change, to be taken or left one by one as a single step that can be
// undone, and what it asks a person to look at next.
import { nobody, accept, asItIs, speaks } from "./edits/stretches.js";
import { addSpeaker } from "./edits/speakers.js";
import { keep, kept } from "./settings.js";
import { around, endOf } from "./view.js";

const OFTEN = 5; // answers after which the questions are chosen anew
const LETTERS = "abcdefghijklmnopqrtuvwxz"; // for speakers behind the ninth; S and Y answer otherwise

export class Learning {
  constructor(app, server) {
    this.app = app;
    this.server = server;
    this.changes = null; // [[{start, end, before, after, confidence, news}]] while a proposal stands
    this.taken = new Set(); // of those
    this.made = null; // the document that the proposal is about
    this.busy = false;
    this.asked = null; // the question: {start, end, speaker, gain, reason}
    this.checks = [];
    this.skipped = [];
    this.answers = 0;
    this.byItself = kept("learn", ["yes", "no"]) === "yes";
  }

  get drawn() {
    return { changes: this.changes ? this.changes.filter((change) => this.taken.has(change)) : [], asked: this.asked };
  }

  // Ask the server; null where that fails or another question is under way.
  async ask() {
    if (this.busy) return null;
    this.busy = true;
    this.app.showLearning();
    try {
      return await this.server.learn(this.app.document);
    } catch (error) {
      this.app.say(error.status ? `Not learnt: ${error.message}` : "Not learnt: the server is gone. Start `diarize edit` again.");
      return null;
    } finally {
      this.busy = false;
      this.app.showLearning();
    }
  }

  async learn() {
    const { document } = this.app;
    if (!document.turns.some((turn) => turn.checked) && !document.silence.length) {
      return this.app.say("Check some turns first: Y says that one is right.");
    }
    const found = await this.ask();
    if (!found) return undefined;
    if (this.app.document !== document) return this.app.say("You went on meanwhile: learn again.");
    this.checks = found.checks;
    if (!found.changes.length) return this.app.say("Nothing else would change.");
    const news = found.changes.filter(isNews);
    [this.changes, this.taken, this.made] = [found.changes, new Set(news), document];
    this.app.tabs.choose("Learn");
    this.app.showLearning();
    return this.app.say(news.length ? `${counted(news.length, "change")} proposed. Enter takes what is ticked.` : "Nothing new follows. Where the diarizer thinks otherwise as before is listed, not ticked.");
  }

  take(change, wanted) {
    if (wanted) this.taken.add(change);
    else this.taken.delete(change);
    this.app.showLearning();
  }

  takeAll(wanted) {
    this.taken = new Set(wanted ? this.changes : []);
    this.app.showLearning();
  }

  // Take what is ticked; the rest is left.
  accept() {
    const changes = this.changes.filter((change) => this.taken.has(change));
    this.drop();
    if (changes.length) this.app.edit(`took ${counted(changes.length, "change")} of the diarizer`, accept(this.app.document, changes));
    else this.app.say("All left as it was.");
  }

  drop() {
    this.changes = null;
    this.taken = new Set();
    this.app.showLearning();
  }

  // An edit makes a proposal one about another document.
  edited(document) {
    if (this.changes && document !== this.made) this.drop();
  }

  async start() {
    this.answers = 0;
    this.skipped = [];
    await this.choose();
  }

  end() {
    if (!this.asked) return;
    this.asked = null;
    this.app.player.pause();
    this.app.showLearning();
  }

  // Choose the questions anew, after learning where that goes by itself.
  async choose() {
    const { app } = this;
    const { document } = app;
    const found = await this.ask();
    if (!found) return this.end();
    const news = found.changes.filter(isNews);
    if (this.byItself && news.length && app.document === document) {
      app.edit(`learned: ${counted(news.length, "change")}`, accept(document, news));
    }
    this.checks = found.checks;
    return this.next();
  }

  next() {
    const open = ({ start, end }) => !this.skipped.some((other) => other.start < end && start < other.end);
    this.checks = this.checks.filter(open);
    this.asked = this.checks.shift() ?? null;
    if (!this.asked) {
      this.app.showLearning();
      return this.app.say("Nothing is left that is worth a look.");
    }
    const { timeline } = this.app;
    const { start, end } = this.asked;
    if (start < timeline.view.start || end > endOf(timeline.view) || (end - start) / timeline.view.scale < 40) timeline.show(around(timeline.view, start, end, 1));
    this.app.store.select([]);
    this.app.showLearning();
    return this.play();
  }

  play() {
    this.app.player.playOnce(this.asked.start, this.asked.end);
  }

  async answered(label, document) {
    this.skipped.push(this.asked); // not asked again
    this.answers += 1;
    this.app.edit(label, document);
    if (this.answers % OFTEN === 0 || !this.checks.length) await this.choose();
    else this.next();
  }

  give(id) {
    const { document } = this.app;
    const { start, end } = this.asked;
    const { name } = document.speakers.find((speaker) => speaker.id === id);
    return this.answered(`${name} speaks`, speaks(document, start, end, id));
  }

  giveNew(name) {
    const more = addSpeaker(this.app.document, name);
    return this.answered(`${name} speaks`, speaks(more, this.asked.start, this.asked.end, more.speakers.at(-1).id));
  }

  nobody() {
    return this.answered("nobody speaks", nobody(this.app.document, this.asked.start, this.asked.end));
  }

  asItIs() {
    return this.answered("checked: as it is", asItIs(this.app.document, this.asked.start, this.asked.end));
  }

  skip() {
    this.skipped.push(this.asked);
    return this.checks.length ? this.next() : this.choose();
  }

  setByItself(wanted) {
    this.byItself = wanted;
    keep("learn", wanted ? "yes" : "no");
  }

  // Whether a key answers the question, or takes the proposal; then it does.
  pressed(key) {
    const act = this.asked ? this.answerOf(key) : this.changes && { Enter: () => this.accept(), Escape: () => this.drop() }[key];
    if (!act || (this.busy && key !== "Escape")) return Boolean(act);
    act();
    return true;
  }

  answerOf(key) {
    const { speakers } = this.app.document;
    const letter = key.toLowerCase();
    const place = /^[1-9]$/.test(key) ? Number(key) - 1 : LETTERS.includes(letter) ? 9 + LETTERS.indexOf(letter) : -1;
    if (speakers[place]) return () => this.give(speakers[place].id);
    const acts = { 0: "nobody", y: "asItIs", s: "skip", Enter: "play", Escape: "end" };
    if (letter === "+") return () => this.app.newSpeakerDialog();
    const name = acts[key.length > 1 ? key : letter];
    return name ? () => this[name]() : null;
  }
}

// Whether corrections led to a change, or the diarizer has thought so all the time.
export const isNews = (change) => change.some((part) => part.news);

// The key with which a speaker answers a question.
export function keyOf(place) {
  return place < 9 ? String(place + 1) : (LETTERS[place - 9]?.toUpperCase() ?? "");
}

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
