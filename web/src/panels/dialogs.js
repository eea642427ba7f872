// Dialogs: keys, export, rename, merge.
import { button, h } from "../dom.js";
import { CHARACTER_KEYS, characterKeys } from "../commands.js";
import { merge } from "../edits/speakers.js";
import { FORMATS } from "../exports/table.js";
import { swatch } from "../palette.js";
import { keep } from "../settings.js";

export function dialog(title, ...content) {
  const close = button("Close", null, () => element.close(), { text: true });
  const element = h("dialog", { "aria-label": title, onclose: () => element.remove() }, h("header", {}, h("h2", {}, title), close), content);
  element.addEventListener("click", (event) => event.target === element && element.close());
  document.body.append(element);
  element.showModal();
  return element;
}

export function helpDialog({ commands, delivered }) {
  const groups = new Map();
  for (const [group, keys, what] of Object.values(commands.table)) {
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(h("div", {}, h("dt", {}, keys.map((key, place) => [place ? " " : null, h("kbd", {}, shown(key))])), h("dd", {}, what)));
  }
  const lists = [...groups].map(([group, rows]) => h("section", {}, h("h3", {}, group), h("dl", { class: "keys" }, rows)));
  const pointer = h("p", {}, "Pointer: click to go there, double-click a turn to play it, drag its edges, drag it to another lane, drag on an empty lane to draw. Shift-click selects several. Ctrl and the wheel, or two fingers, zoom. A Mac has ⌘ for Ctrl.");
  const keeping = delivered.server ? null : h("p", {}, "Nothing leaves this page: corrections stay in this browser until you export them.");
  return dialog("Keys", characterChoice(), h("div", { class: "key-groups" }, lists), pointer, keeping);
}

function characterChoice() {
  const options = Object.entries(CHARACTER_KEYS).map(([value, name]) => h("option", { value, selected: value === characterKeys() }, name));
  const choice = h("select", { onchange: () => keep("keys", choice.value) }, options);
  return h("label", {}, "Letters, digits and signs do something ", choice);
}

export function exportDialog(app) {
  const name = app.document.recording.uri || "recording";
  const rows = FORMATS.map((format) => {
    const save = () => {
      download(format.write(app.document), `${name}${format.ending}`);
      app.exported(format);
    };
    return h("li", {}, h("button", { type: "button", class: "format", "data-format": format.name, onclick: save }, h("strong", {}, format.name), h("span", {}, format.use), h("code", {}, format.ending)));
  });
  return dialog("Export", h("p", {}, `The ${app.document.turns.length} turns as they stand now, as a file.`), h("ul", { class: "formats" }, rows));
}

export function renameDialog(app, id) {
  const speaker = app.document.speakers.find((item) => item.id === id);
  if (!speaker) return app.say("There is no speaker to rename.");
  const field = h("input", { type: "text", value: speaker.name, maxLength: 500, autocomplete: "off", "aria-label": "New name" });
  const done = (event) => {
    event.preventDefault();
    element.close();
    app.rename(id, field.value);
  };
  const element = dialog(`Rename ${speaker.name}`, h("form", { class: "rename", onsubmit: done }, swatch(speaker.mark), field, h("button", { type: "submit", class: "button primary" }, "Rename")));
  field.focus();
  field.select();
  return element;
}

// Somebody speaks who is not in the list yet.
export function newSpeakerDialog(done) {
  const field = h("input", { type: "text", maxLength: 500, autocomplete: "off", "aria-label": "Name" });
  const finish = (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    element.close();
    done(field.value.trim());
  };
  const element = dialog("Somebody else", h("form", { class: "rename", onsubmit: finish }, field, h("button", { type: "submit", class: "button primary" }, "Speaks here")));
  field.focus();
  return element;
}

export function mergeDialog(app, id) {
  const speaker = app.document.speakers.find((item) => item.id === id);
  const others = app.document.speakers.filter((item) => item.id !== id);
  if (!speaker || !others.length) return app.say("There is no other speaker to merge with.");
  const rows = others.map((other) => {
    const run = () => {
      app.edit(`merged ${speaker.name} into ${other.name}`, merge(app.document, id, other.id));
      element.close();
    };
    return h("li", {}, h("button", { type: "button", class: "format", onclick: run }, swatch(other.mark), h("strong", {}, other.name)));
  });
  const element = dialog("Merge", h("p", {}, `All turns of ${speaker.name} become turns of:`), h("ul", { class: "formats" }, rows));
  return element;
}

function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function shown(key) {
  const names = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
  if (key === " " || key === "+") return names[key] ?? key;
  return key.split("+").map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}
