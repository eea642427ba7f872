// The page as one thing: the state, what shows it, what changes it.
import { Autosave } from "./autosave.js";
import { bytes } from "./base64.js";
import { Commands } from "./commands.js";
import { lengthOf, opened, quiet, speakerOf, turnsOf } from "./document.js";
import { h } from "./dom.js";
import { CloseUp } from "./draw/closeup.js";
import { Tiles } from "./draw/spectrogram.js";
import { rename } from "./edits/speakers.js";
import { differences, pairs } from "./errors.js";
import { Gestures } from "./gestures.js";
import { hostOf } from "./host.js";
import { Keeping } from "./keeping.js";
import { Learning } from "./learning.js";
import { exportDialog, helpDialog, mergeDialog, newSpeakerDialog, renameDialog } from "./panels/dialogs.js";
import { ErrorPanel } from "./panels/errors.js";
import { Header } from "./panels/header.js";
import { Inspector } from "./panels/inspector.js";
import { LaneNames } from "./panels/lane-names.js";
import { LearningPanel } from "./panels/learning.js";
import { Question } from "./panels/question.js";
import { SpeakerPanel } from "./panels/speakers.js";
import { tabs } from "./panels/tabs.js";
import { TranscriptPanel } from "./panels/transcript.js";
import { Transport } from "./panels/transport.js";
import { TurnList } from "./panels/turns.js";
import { pyramid } from "./peaks.js";
import { Player } from "./sound/player.js";
import { ofAddress, ofBlob } from "./sound/bytes.js";
import { Samples } from "./sound/samples.js";
import { covered, overlapped, statistics } from "./statistics.js";
import { Store } from "./store.js";
import { startTheme, turnTheme } from "./theme.js";
import { clock } from "./time.js";
import { wordsOf } from "./transcript.js";
import { Timeline } from "./timeline.js";
import { around, turnedTo } from "./view.js";

export class App {
  constructor(delivered, picture) {
    this.delivered = opened(delivered);
    this.store = new Store(this.delivered);
    this.length = Math.max(lengthOf(this.delivered), 0.1);
    this.player = new Player(this.length, () => this.tick(), () => this.silent());
    this.samples = new Samples(this.delivered.recording.channel, () => this.timeline.draw());
    const host = hostOf(this.delivered);
    this.server = this.delivered.server && host;
    this.learning = this.server && new Learning(this, this.server);
    this.autosave = new Autosave(host, this.delivered, () => this.keeping.show());
    this.keeping = new Keeping(this, this.autosave, this.server);
    this.only = null;
    this.loading = delivered.recording.sound.kind === "embed";
    this.build(picture);
    this.follow();
    this.store.subscribe((edited) => this.show(edited));
    this.show(false);
    addEventListener("beforeunload", (event) => this.autosave.unsaved && event.preventDefault());
    addEventListener("pagehide", () => this.autosave.now());
    this.keeping.restore();
  }

  get document() {
    return this.store.document;
  }

  build(picture) {
    this.env = {
      document: this.document,
      store: this.store,
      levels: pyramid(new Int8Array(bytes(picture.peaks).buffer), picture.peakRate),
      tiles: new Tiles(picture, () => this.timeline.draw()),
      closeUp: new CloseUp(picture, this.samples, () => this.timeline.draw()),
      samples: this.samples,
      length: this.length,
      sound: this.document.recording.duration,
    };
    startTheme(() => this.themed());
    this.timeline = new Timeline(this.env, () => this.transport.show());
    this.derive();
    this.commands = new Commands(this);
    this.gestures = new Gestures(this);
    this.header = new Header(this);
    this.transport = new Transport(this);
    this.inspector = new Inspector(this);
    this.turns = new TurnList(this);
    this.speakers = new SpeakerPanel(this);
    this.laneNames = new LaneNames(this);
    this.errors = this.document.reference && new ErrorPanel(this);
    this.transcript = this.document.transcript.length ? new TranscriptPanel(this) : null;
    this.learningPanel = this.learning && new LearningPanel(this);
    this.question = this.learning && new Question(this);
    this.live = h("div", { class: "live", "aria-live": "polite" });
    this.toast = h("div", { class: "toast", "aria-hidden": "true", hidden: true });
    const ruler = this.timeline.named("ruler").element;
    for (const [name, value] of Object.entries({ role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0", "aria-valuemax": this.length.toFixed(1) })) ruler.setAttribute(name, value);
    const panels = { Speakers: this.speakers.element, Turns: this.turns.element, ...(this.errors && { Errors: this.errors.element }), ...(this.transcript && { Transcript: this.transcript.element }), ...(this.learning && { Learn: this.learningPanel.element }) };
    this.tabs = tabs(panels);
    const main = h("main", {}, h("div", { class: "scroll" }, this.timeline.stage, this.timeline.legend), this.question?.element ?? [], this.inspector.element);
    document.querySelector("#app").append(this.header.element, h("div", { class: "body" }, this.transport.element, main, this.tabs.element), this.live, this.toast);
  }

  // What follows from the document, computed once an edit.
  derive() {
    const { env } = this;
    env.document = this.document;
    env.only = this.only;
    env.overlapped = overlapped(this.document.turns, covered(this.document.turns, 2));
    env.words ??= new Map();
    env.quiet = quiet(this.document);
    env.proposal = this.learning?.drawn;
    if (this.store.draft) return; // while a drag lasts the lanes alone follow
    env.words = wordsOf(this.document);
    env.figures = statistics(this.document);
    if (this.document.reference) {
      const untouched = this.document.turns === this.delivered.turns && this.document.speakers === this.delivered.speakers;
      env.pairs = pairs(this.document);
      env.differences = untouched ? this.document.reference.errors : differences(this.document, env.pairs);
    }
  }

  show(edited) {
    if (this.env.document !== this.document || this.env.only !== this.only) {
      this.derive();
      this.timeline.stale = true;
      this.player.only = this.only && turnsOf(this.document, this.only);
    }
    if (edited) this.autosave.wants(this.store.edits);
    if (edited) this.learning?.edited(this.document);
    this.timeline.draw();
    if (this.store.draft) return this.inspector.show();
    const shown = [this.header, this.transport, this.inspector, this.turns, this.speakers, this.laneNames, this.errors, this.transcript, this.learningPanel, this.question];
    for (const panel of shown) panel?.show();
    return undefined;
  }

  // The proposal or the question is another one.
  showLearning() {
    this.env.proposal = this.learning.drawn;
    this.learningPanel.show();
    this.question.show();
    this.inspector.show();
    this.timeline.draw();
  }

  edit(label, document) {
    if (this.only && !speakerOf(document, this.only)) this.only = null;
    if (this.store.commit(label, document)) this.say(`${label[0].toUpperCase()}${label.slice(1)}.`);
  }

  undo() {
    const before = this.document;
    const label = this.store.undo();
    this.learning?.undone(before);
    this.say(label ? `Undone: ${label}.` : label === null ? "Nothing to undo." : "Undone.");
  }

  redo() {
    const label = this.store.redo();
    this.say(label === null ? "Nothing to redo." : `Done again: ${label}.`);
  }

  choose(turn, extend = false) {
    const { selection } = this.store;
    this.store.select(extend ? [...selection.filter((id) => id !== turn.id), turn.id] : [turn.id]);
    this.player.seek(turn.start);
    const { view } = this.timeline;
    if (turn.start < view.start || turn.end > view.start + view.scale * view.width) {
      const wide = turn.end - turn.start > view.scale * view.width;
      this.timeline.show(wide ? around(view, turn.start, turn.end) : turnedTo({ ...view, start: -1e9 }, turn.start));
    }
    this.timeline.reveal(this.document.speakers.findIndex((speaker) => speaker.id === turn.speaker));
    this.live.textContent = `${speakerOf(this.document, turn.speaker).name}, ${clock(turn.start)} to ${clock(turn.end)}`;
  }

  // Select a turn, unless it is, and play it.
  playTurn(turn) {
    if (this.store.selected !== turn) this.choose(turn);
    this.player.playOnce(turn.start, turn.end);
  }

  // The chosen turns are right; where all are known to be, that is taken back.
  confirm() {
    const chosen = new Set(this.store.selection);
    const turns = this.document.turns.filter((turn) => chosen.has(turn.id));
    const checked = turns.some((turn) => !turn.checked);
    if (this.store.confirm(this.store.selection, checked)) this.say(checked ? "Checked: this is right." : "No longer checked.");
  }

  goTo(time) {
    this.player.seek(time);
    this.timeline.show(turnedTo(this.timeline.view, this.player.time));
  }

  solo(id) {
    this.only = this.only === id ? null : id;
    this.show(false);
    this.say(this.only ? `Only ${speakerOf(this.document, id).name} is played.` : "Everybody is played.");
  }

  setSpeed(speed) {
    this.player.speed = speed;
    this.transport.show();
    this.say(`Speed ${speed}.`);
  }

  toggleSpectrogram() {
    const row = this.timeline.named("spectrogram").element;
    row.hidden = !row.hidden;
    this.timeline.refresh();
  }

  turnTheme() {
    turnTheme();
    this.themed();
  }

  themed() {
    this.env.tiles.forget();
    this.env.closeUp.forget();
    this.timeline.refresh();
  }

  exportDialog() {
    exportDialog(this);
  }

  newSpeakerDialog() {
    newSpeakerDialog((name) => this.learning.giveNew(name));
  }

  exported(format) {
    this.say(`${format.name} was handed to the browser as a download.`);
  }

  helpDialog() {
    helpDialog(this);
  }

  rename(id, name) {
    const clean = name.trim();
    const taken = this.document.speakers.some((speaker) => speaker.id !== id && speaker.name === clean);
    if (taken) this.say(`${clean} is another speaker already; M merges the two.`);
    else this.edit(`renamed a speaker to ${clean}`, rename(this.document, id, clean));
  }

  renameDialog(id) {
    renameDialog(this, id);
  }

  mergeDialog(id) {
    mergeDialog(this, id);
  }

  // Say something to everybody: to screen readers, and for a moment on the page.
  say(text) {
    this.live.textContent = text;
    this.toast.textContent = text;
    this.toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast.hidden = true), 2500);
  }

  tick() {
    const { time } = this.player;
    this.transport.show();
    this.transport.tick(time);
    this.transcript?.follow(time);
    this.timeline.place(time);
    const ruler = this.timeline.named("ruler").element;
    const second = Math.floor(time);
    if (second === this.second) return;
    this.second = second;
    const talking = this.document.turns.filter((turn) => turn.start <= time && time < turn.end).map((turn) => speakerOf(this.document, turn.speaker).name);
    ruler.setAttribute("aria-valuenow", time.toFixed(1));
    ruler.setAttribute("aria-valuetext", `${clock(time, 0)}, ${talking.join(" and ") || "nobody"}`);
  }

  // While it plays the playhead moves with every picture, and the view turns its pages.
  follow() {
    const frame = () => {
      if (this.player.playing) {
        this.player.tick();
        const next = turnedTo(this.timeline.view, this.player.time);
        if (next !== this.timeline.view && !this.gestures.drag) this.timeline.show(next);
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    this.tick();
  }

  // Why nothing can be heard; empty where it can.
  get silence() {
    const { name, sound } = this.document.recording;
    if (this.loading || this.player.ready || this.player.state === "loading") return "";
    if (this.player.state === "none") return `This page holds no sound. Choose ${name} to hear it.`;
    if (this.chosen) return `This browser cannot play ${this.chosen}. Choose another file.`;
    if (sound.kind === "embed") return "This browser cannot play the sound in this page. Choose a file to hear it.";
    return `${name} is not where this page expects it (${decoded(sound.link)}), or cannot be played here. Choose the file to hear it.`;
  }

  silent() {
    this.show(false);
    this.say(this.silence);
  }

  chooseFile(file) {
    if (!file) return;
    this.chosen = file.name;
    this.hear(URL.createObjectURL(file), ofBlob(file));
  }

  // The sound, once the whole page has arrived.
  listen(pieces) {
    const { sound } = this.document.recording;
    this.loading = false;
    if (sound.kind === "link") return this.hear(sound.link, ofAddress(sound.link));
    if (!pieces.length) return this.show(false);
    const whole = new Blob(pieces, { type: "audio/mpeg" });
    return this.hear(URL.createObjectURL(whole), ofBlob(whole));
  }

  // Play what is at an address and see its bytes, if they can be had.
  async hear(address, bytes) {
    this.player.from(address);
    this.samples.forget();
    this.env.closeUp.forget();
    this.show(false);
    try {
      await this.samples.from(await bytes, this.env.sound);
    } catch {
      // peaks alone: the page offers to choose the file
    }
  }
}

function decoded(link) {
  try {
    return decodeURI(link);
  } catch {
    return link;
  }
}
