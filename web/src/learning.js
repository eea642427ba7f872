// Learning from corrections: what the diarizer would change, to be taken or left one by one as a single step that can be
// undone, and what it asks a person to look at next.
import { accept, asItIs, nobody, speak } from "./edits/stretches.js";
import { addSpeaker } from "./edits/speakers.js";
import { keep, kept } from "./settings.js";
import { around, endOf } from "./view.js";

const OFTEN = 5; // answers after which the questions are chosen anew
const LETTERS = "acdefghijklmnopqrtuvwxz"; // for speakers behind the ninth; B, S and Y answer otherwise

export class Learning {
  constructor(app, server) {
    this.app = app;
    this.server = server;
    this.changes = null; // [[{start, end, before, after, confidence, news}]] while a proposal stands
    this.taken = new Set(); // of those
    this.made = null; // the document that the proposal is about
    this.busy = false; // the server is learning
    this.waiting = false; // and the next question hangs on it
    this.asked = null; // the question: {start, end, speaker, gain, reason}
    this.checks = [];
    this.skipped = [];
    this.given = []; // answers so far: {asked, document}, the document that came of each
    this.several = null; // ids of those who speak at once, while they are chosen
    this.byItself = kept("learn", ["yes", "no"]) === "yes";
  }

  get drawn() {
    return { changes: this.changes ? this.changes.filter((change) => this.taken.has(change)) : [], asked: this.asked };
  }

  // Ask the server; null where that fails or another question is under way.
  async ask() {
    if (this.busy) {
      this.app.say("Still learning …");
      return null;
    }
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

  take(changes, wanted) {
    for (const change of changes) {
      if (wanted) this.taken.add(change);
      else this.taken.delete(change);
    }
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
    this.given = [];
    this.skipped = [];
    await this.choose();
  }

  end() {
    if (!this.asked) return;
    this.asked = this.several = null;
    this.app.player.pause();
    this.app.showLearning();
  }

  // Choose the questions anew, after learning where that goes by itself.
  async choose() {
    const { app } = this;
    await this.renewal;
    const { document } = app;
    this.waiting = true;
    const found = await this.ask();
    this.waiting = false;
    if (!found) return this.end();
    const news = found.changes.filter(isNews);
    if (this.byItself && news.length && app.document === document) {
      app.edit(`learned: ${counted(news.length, "change")}`, accept(document, news));
    }
    this.checks = found.checks;
    return this.next();
  }

  // Choose the questions anew while a person answers one of those before.
  async renew() {
    const found = await this.ask();
    if (found && this.asked) this.checks = found.checks.filter(({ start, end }) => end <= this.asked.start || start >= this.asked.end);
  }

  next() {
    const open = ({ start, end }) => !this.skipped.some((other) => other.start < end && start < other.end);
    this.checks = this.checks.filter(open);
    this.show(this.checks.shift() ?? null);
    if (!this.asked) this.app.say("Nothing is left that is worth a look.");
  }

  show(asked) {
    const { document, timeline, store } = this.app;
    this.asked = asked;
    this.several = null;
    if (!asked) return this.app.showLearning();
    const { start, end } = asked;
    if (start < timeline.view.start || end > endOf(timeline.view) || (end - start) / timeline.view.scale < 40) timeline.show(around(timeline.view, start, end, 1));
    store.select([]);
    this.app.showLearning();
    const places = [document.speakers.length - 1, document.speakers.findIndex(({ id }) => id === this.standing[0]?.id)];
    const reveal = () => places.filter((place) => place >= 0).forEach((place) => timeline.reveal(place));
    requestAnimationFrame(() => requestAnimationFrame(reveal)); // the question takes room from the lanes first
    return this.play();
  }

  // Who speaks, as the turns stand, for most of the stretch that is asked about.
  get standing() {
    const { speakers, turns } = this.app.document;
    const { start, end } = this.asked;
    const shared = (turn) => Math.max(0, Math.min(turn.end, end) - Math.max(turn.start, start));
    return speakers.filter(({ id }) => turns.reduce((sum, turn) => sum + (turn.speaker === id ? shared(turn) : 0), 0) > (end - start) / 2);
  }

  play() {
    this.app.player.playOnce(this.asked.start, this.asked.end);
  }

  async answered(label, document) {
    const { asked } = this;
    this.skipped.push(asked); // not asked again
    this.app.edit(label, document);
    this.given.push({ asked, document: this.app.document });
    const again = this.given.length % OFTEN === 0;
    if (!this.checks.length || (again && this.byItself)) return this.choose();
    this.next();
    if (again && !this.busy) this.renewal = this.renew();
    return undefined;
  }

  // An answer that is taken back is asked for again.
  undone(document) {
    const last = this.given.at(-1);
    if (!this.asked || this.waiting || last?.document !== document) return;
    this.given.pop();
    this.skipped = this.skipped.filter((other) => other !== last.asked);
    this.checks.unshift(this.asked);
    this.show(last.asked);
  }

  // This speaker and nobody else; while several are chosen, this one too or not any more.
  give(id) {
    if (!this.several) return this.giveAll([id]);
    this.several = new Set([...this.several, id].filter((one) => one !== id || !this.several.has(id)));
    return this.app.showLearning();
  }

  giveNew(name) {
    const known = this.app.document.speakers.find((speaker) => speaker.name === name);
    if (known) return this.several?.has(known.id) ? undefined : this.give(known.id);
    const more = addSpeaker(this.app.document, name);
    const { id } = more.speakers.at(-1);
    if (!this.several) return this.giveAll([id], more);
    this.app.edit(`added ${name}`, more);
    return this.give(id);
  }

  giveAll(ids = [...this.several], document = this.app.document) {
    if (!ids.length) return this.app.say("Choose who speaks, or press 0 for nobody.");
    const names = document.speakers.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
    const label = `${names.join(" and ")} ${names.length > 1 ? "speak at once" : "speaks"}`;
    return this.answered(label, speak(document, this.asked.start, this.asked.end, ids));
  }

  // Choose several who speak at once, from those who stand there on; or one again.
  chooseSeveral() {
    this.several = this.several ? null : new Set(this.standing.map(({ id }) => id));
    this.app.showLearning();
    if (this.several) this.app.say("Choose all who speak, then press Enter.");
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
    if (!act || (this.waiting && key !== "Escape")) return Boolean(act);
    act();
    return true;
  }

  answerOf(key) {
    const { speakers } = this.app.document;
    const letter = key.toLowerCase();
    const place = /^[1-9]$/.test(key) ? Number(key) - 1 : LETTERS.includes(letter) ? 9 + LETTERS.indexOf(letter) : -1;
    if (speakers[place]) return () => this.give(speakers[place].id);
    const acts = { 0: "nobody", y: "asItIs", s: "skip", b: "chooseSeveral", Enter: this.several ? "giveAll" : "play", Escape: this.several ? "chooseSeveral" : "end" };
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
