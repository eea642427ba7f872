// Everything that can be done, by name, with its keys: buttons, keys and the list of keys all come from here.
import { inOrder, speakerOf, turnOf } from "./document.js";
import { silence } from "./edits/stretches.js";
import { deleteTurns, drawTurn, moveEnd, moveStart, reassign, splitTurn } from "./edits/turns.js";
import { addSpeaker, split } from "./edits/speakers.js";
import { kept } from "./settings.js";
import { around, fitted, turnedTo, zoomed } from "./view.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const DOUBTFUL = 0.7;
const NUDGE = 0.01;

// name: [group, keys, what it does, function]
export function table(app) {
  const seek = (seconds) => () => app.goTo(app.player.time + seconds);
  const nudge = (edit, seconds, side) => () => withTurn(app, (turn) => app.edit(`moved the ${side} of a turn`, edit(app.document, turn.id, turn[side] + seconds)));
  return {
    play: ["Play", [" ", "k"], "Play or pause", () => app.player.toggle()],
    playTurn: ["Play", ["Enter"], "Play the selected turn", () => withTurn(app, (turn) => app.playTurn(turn))],
    solo: ["Play", ["o"], "Play only this speaker, or all again", () => app.solo(app.store.speaker)],
    back: ["Play", ["ArrowLeft"], "1 s back", seek(-1)],
    forward: ["Play", ["ArrowRight"], "1 s on", seek(1)],
    backMore: ["Play", ["Shift+ArrowLeft"], "5 s back", seek(-5)],
    forwardMore: ["Play", ["Shift+ArrowRight"], "5 s on", seek(5)],
    backLess: ["Play", [","], "0.05 s back", seek(-0.05)],
    forwardLess: ["Play", ["."], "0.05 s on", seek(0.05)],
    first: ["Play", ["Home"], "To the start", () => app.goTo(0)],
    last: ["Play", ["End"], "To the end", () => app.goTo(app.length)],
    slower: ["Play", ["<"], "Slower", () => app.setSpeed(SPEEDS.findLast((speed) => speed < app.player.speed) ?? 0.5)],
    faster: ["Play", [">"], "Faster", () => app.setSpeed(SPEEDS.find((speed) => speed > app.player.speed) ?? 2)],

    previous: ["Find", ["ArrowUp"], "Select the turn before", () => step(app, -1)],
    next: ["Find", ["ArrowDown"], "Select the turn after", () => step(app, 1)],
    previousToo: ["Find", ["Shift+ArrowUp"], "Select one more before", () => step(app, -1, true)],
    nextToo: ["Find", ["Shift+ArrowDown"], "Select one more after", () => step(app, 1, true)],
    selectAll: ["Find", ["a"], "Select all turns of this speaker", () => selectSpeaker(app)],
    doubtful: ["Find", ["u"], "Next turn that is unsure (under 70 %)", () => nextDoubtful(app)],
    ...(app.document.reference ? { error: ["Find", ["e"], "Next error against the reference", () => nextError(app)] } : {}),
    nothing: ["Find", ["Escape"], "Select nothing, stop drawing", () => ((app.store.drawing = false), app.store.select([]))],

    zoomIn: ["Look", ["+", "="], "Zoom in", () => zoom(app, 0.5)],
    zoomOut: ["Look", ["-"], "Zoom out", () => zoom(app, 2)],
    zoomAll: ["Look", ["0"], "Show all", () => app.timeline.show(fitted(app.length, app.timeline.view.width))],
    zoomTurn: ["Look", ["z"], "Zoom to the selected turn", () => withTurn(app, (turn) => app.timeline.show(around(app.timeline.view, turn.start, turn.end)))],
    spectrogram: ["Look", ["v"], "Spectrogram on or off", () => app.toggleSpectrogram()],
    theme: ["Look", ["t"], "Dark or light", () => app.turnTheme()],

    draw: ["Edit", ["n"], "New turn of this speaker, 1 s from here", () => newTurn(app)],
    start: ["Edit", ["["], "The turn starts here", () => withTurn(app, (turn) => app.edit("moved the start of a turn", moveStart(app.document, turn.id, app.player.time)))],
    end: ["Edit", ["]"], "The turn ends here", () => withTurn(app, (turn) => app.edit("moved the end of a turn", moveEnd(app.document, turn.id, app.player.time)))],
    startEarlier: ["Edit", ["q"], "Start 10 ms earlier", nudge(moveStart, -NUDGE, "start")],
    startLater: ["Edit", ["w"], "Start 10 ms later", nudge(moveStart, NUDGE, "start")],
    endEarlier: ["Edit", ["s"], "End 10 ms earlier", nudge(moveEnd, -NUDGE, "end")],
    endLater: ["Edit", ["d"], "End 10 ms later", nudge(moveEnd, NUDGE, "end")],
    cut: ["Edit", ["c"], "Cut the turn in two here", () => cut(app)],
    remove: ["Edit", ["Delete", "Backspace"], "Delete the selected turns", () => app.edit(`deleted ${counted(app.store.selection.length)}`, deleteTurns(app.document, app.store.selection))],
    silence: ["Edit", ["Shift+Delete", "Shift+Backspace"], "Nobody speaks in the time of the selected turns", () => withTurn(app, () => app.edit("nobody speaks here", silence(app.document, app.store.selection)))],
    confirm: ["Edit", ["y"], "The selected turns are right: checked, or not any more", () => withTurn(app, () => app.confirm())],
    give: ["Edit", ["1 ... 9"], "Give the selected turns to speaker 1 ... 9", () => {}],
    undo: ["Edit", ["Ctrl+z"], "Undo", () => app.undo()],
    redo: ["Edit", ["Ctrl+Shift+z", "Ctrl+y"], "Redo", () => app.redo()],

    rename: ["Speakers", ["r"], "Rename this speaker", () => app.renameDialog(app.store.speaker)],
    merge: ["Speakers", ["m"], "Merge this speaker with another", () => app.mergeDialog(app.store.speaker)],
    splitOff: ["Speakers", ["g"], "Selected turns become a new speaker", () => app.edit("split a speaker", split(app.document, app.store.selection))],
    addSpeaker: ["Speakers", ["Shift+n"], "New speaker", () => app.edit("added a speaker", addSpeaker(app.document))],

    ...(app.server ? served(app) : {}),
    export: ["Page", app.server ? ["x"] : ["x", "Ctrl+s"], "Export", () => app.exportDialog()],
    help: ["Page", ["?"], "This list", () => app.helpDialog()],
  };
}

// What only a server can do.
function served(app) {
  return {
    save: ["Page", ["Ctrl+s"], "Save", () => app.keeping.save()],
    learn: ["Learn", ["l"], "Learn from what is checked", () => app.learning.learn()],
    check: ["Learn", ["j"], "Check these next: questions, each answered by a key", () => app.learning.start()],
  };
}

export class Commands {
  constructor(app) {
    this.app = app;
    this.table = table(app);
    this.keys = new Map(Object.entries(this.table).flatMap(([name, [, keys]]) => keys.map((key) => [key, name])));
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  run(name) {
    this.table[name][3]();
  }

  pressed(event) {
    const { target } = event;
    const control = event.ctrlKey || event.metaKey;
    if (document.querySelector("dialog[open]")) return undefined;
    if (target.matches?.("input, select, textarea") && !(control && /^[zy]$/i.test(event.key) && target.type === "range")) return undefined;
    if (target.matches?.("button, summary, a") && (event.key === " " || event.key === "Enter")) return undefined;
    if (target.matches?.("[role=tab]") && /^Arrow(Left|Right)$/.test(event.key)) return undefined;
    const key = event.altKey ? plain(event) : event.key;
    if (!allowed(key, event.altKey, control)) return undefined;
    if (!control && this.app.learning?.pressed(key)) return event.preventDefault();
    const name = this.keys.get(keyName(key, event.shiftKey, control));
    const digit = !control && /^[1-9]$/.test(key);
    if (!name && !digit) return undefined;
    event.preventDefault();
    return name ? this.run(name) : giveTo(this.app, Number(key) - 1);
  }
}

// Keys that write something can be turned off, for those who speak to the computer (WCAG 2.1.4); others always work.
export const CHARACTER_KEYS = { on: "always", alt: "with Alt", off: "never" };
export const characterKeys = () => kept("keys", Object.keys(CHARACTER_KEYS)) ?? "on";

function allowed(key, alt, control) {
  if (control || key.length > 1 || key === " ") return !alt;
  return characterKeys() === (alt ? "alt" : "on");
}

// What a key writes without Alt, which makes other signs of letters on some keyboards.
function plain({ code, key }) {
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1].toLowerCase() ?? key;
}

function keyName(pressed, shift, control) {
  const key = pressed.length === 1 ? pressed.toLowerCase() : pressed;
  const letter = /^[a-z]$/.test(key);
  return `${control ? "Ctrl+" : ""}${shift && (letter || key.length > 1) ? "Shift+" : ""}${key}`;
}

function withTurn(app, run) {
  const turn = app.store.selected;
  if (turn) run(turn);
  else app.say("Select a turn first.");
}

function counted(number) {
  return number === 1 ? "a turn" : `${number} turns`;
}

function giveTo(app, place) {
  const speaker = app.document.speakers[place];
  if (!speaker) return app.say(`There is no speaker ${place + 1}.`);
  if (app.store.selection.length) return app.edit(`gave ${counted(app.store.selection.length)} to ${speaker.name}`, reassign(app.document, app.store.selection, speaker.id));
  app.store.speaker = speaker.id;
  app.store.changed();
  return app.say(`${speaker.name} is chosen for new turns.`);
}

function zoom(app, factor) {
  const { view } = app.timeline;
  const { time } = app.player;
  const seen = time >= view.start && time <= view.start + view.scale * view.width;
  app.timeline.show(zoomed(view, factor, seen ? time : view.start + (view.scale * view.width) / 2));
}

function step(app, by, extend = false) {
  const { turns } = app.document;
  const here = app.store.selected;
  const sorted = [...turns].sort(inOrder);
  const { time } = app.player;
  let place = here ? sorted.indexOf(here) + by : by > 0 ? sorted.findIndex((turn) => turn.start >= time) : sorted.findLastIndex((turn) => turn.start < time);
  if (!here && place < 0 && by > 0) place = sorted.length - 1;
  const turn = sorted[place];
  if (!turn) return app.say(turns.length ? "No more turns." : "There are no turns.");
  return app.choose(turn, extend);
}

function nextDoubtful(app) {
  const from = app.store.selected?.start ?? app.player.time - 1e-3;
  const turn = app.document.turns.find((item) => item.start > from && !item.checked && item.confidence !== null && item.confidence < DOUBTFUL);
  if (turn) app.choose(turn);
  else app.say("No more unsure turns after this place.");
}

function nextError(app) {
  const found = app.env.differences.find((item) => item.start > app.player.time + 1e-3);
  if (!found) return app.say("No more errors after this place.");
  app.goTo(found.start);
  app.timeline.show(turnedTo(app.timeline.view, found.start));
  return app.say(`${found.kind}, ${(found.end - found.start).toFixed(1)} seconds`);
}

function selectSpeaker(app) {
  const { speaker } = app.store;
  app.store.select(app.document.turns.filter((turn) => turn.speaker === speaker).map((turn) => turn.id));
  app.say(`${counted(app.store.selection.length)} of ${speakerOf(app.document, speaker)?.name ?? "nobody"} selected.`);
}

function newTurn(app) {
  if (!app.store.speaker) return app.say("Add a speaker first: Shift+N.");
  const known = new Set(app.document.turns.map((turn) => turn.id));
  const start = app.player.time;
  app.edit("drew a turn", drawTurn(app.document, app.store.speaker, start, start + 1));
  const drawn = app.document.turns.find((turn) => !known.has(turn.id));
  return drawn && app.choose(drawn);
}

function cut(app) {
  const { time } = app.player;
  const selected = app.store.selected;
  const turn = selected && selected.start < time && time < selected.end ? selected : app.document.turns.find((item) => item.speaker === app.store.speaker && item.start < time && time < item.end);
  if (!turn) return app.say("Put the playhead inside a turn of this speaker first.");
  app.edit("cut a turn", splitTurn(app.document, turn.id, time));
  return turnOf(app.document, turn.id) && app.store.select([turn.id]);
}

export { SPEEDS };
