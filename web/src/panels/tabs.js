// Panels behind tabs.
import { h } from "../dom.js";

export function tabs(panels) {
  const names = Object.keys(panels);
  const buttons = names.map((name) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, onclick: () => choose(name) }, name));
  const boxes = names.map((name) => h("div", { class: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: "-1" }, panels[name]));
  const list = h("div", { role: "tablist", "aria-label": "Panels", onkeydown: moved }, buttons);

  function choose(name, focus = false) {
    names.forEach((item, place) => {
      const here = item === name;
      buttons[place].setAttribute("aria-selected", String(here));
      buttons[place].tabIndex = here ? 0 : -1;
      boxes[place].hidden = !here;
      if (here && focus) buttons[place].focus();
    });
  }

  function moved(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const place = buttons.indexOf(document.activeElement);
    choose(names[(place + by + names.length) % names.length], true);
  }

  choose(names[0]);
  return { element: h("aside", { class: "side", "aria-label": "Details" }, list, boxes), choose };
}
