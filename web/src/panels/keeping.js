// Dialogs about what was not saved: the file is another one, the page is open elsewhere, corrections of last time.
import { h } from "../dom.js";
import { dialog } from "./dialogs.js";

// A way to go on: what it is called, what it does.
function choice(name, what, run) {
  return h("li", {}, h("button", { type: "button", class: "choice", onclick: (event) => (event.target.closest("dialog").close(), run()) }, h("strong", {}, name), h("span", {}, what)));
}

function choose(title, text, ...choices) {
  const element = dialog(title, h("p", {}, text), h("ul", { class: "choices" }, choices));
  element.classList.add("small");
  return element;
}

// The file is not what this page was made of any more.
export function conflictDialog(keeping, message) {
  return choose(
    "Not saved",
    `${message}.`,
    choice("Save over it", "What is there now is kept as a backup beside it.", () => keeping.save(true)),
    choice("Show what is there", "The corrections of this page are put aside, as a backup beside it.", () => keeping.reload()),
  );
}

// The server takes corrections from one page at a time.
export function elsewhereDialog(keeping) {
  return choose(
    "Open in another place as well",
    "This page was opened again since, in another tab or browser. Corrections are kept for that one alone.",
    choice("Go on here", "With the turns of this page. What was not saved there is put aside, as a backup beside the file.", () => keeping.takeOver()),
    choice("Show what was done there", "Corrections made here since are put aside, as a backup beside the file.", () => keeping.reload()),
  );
}

// Corrections of last time that were made of another file than the one that is there.
export function restoreDialog(keeping, kept) {
  let taken = false;
  const checked = kept.turns.filter((turn) => turn.checked).length;
  const made = new Date(kept.time * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const { time, stale, ...edits } = kept;
  const take = () => {
    taken = true;
    keeping.takeBack(kept);
  };
  const element = choose(
    "Corrections that were not saved",
    `They are of ${made}: ${kept.turns.length} turns, ${checked} of them checked. ${keeping.server.file} is another file since.`,
    choice("Take them back", "In place of what is there; undo shows that again.", take),
    choice("Leave them", "They are put aside, as a backup beside the file.", () => {}),
  );
  element.addEventListener("close", () => taken || keeping.putAside(edits));
  return element;
}
