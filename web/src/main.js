// Start: read what Python put into the page, show it, then unpack the sound, each piece as it arrives: the text of one
// goes before the next one is looked at.
import { App } from "./app.js";
import { bytes } from "./base64.js";

const read = (id) => {
  const element = document.getElementById(id);
  const value = JSON.parse(element.textContent);
  element.remove();
  return value;
};

const app = new App(read("document"), read("picture"));
globalThis.diarizePage = app;

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

async function unpack() {
  const pieces = [];
  for (let arrived = false; !arrived; ) {
    arrived = document.readyState !== "loading";
    for (const element of document.querySelectorAll("script.sound")) {
      if (!arrived && !element.nextSibling) break; // not all of it is there
      pieces.push(new Blob([bytes(element.textContent)]));
      element.remove();
      await pause(0); // let the page breathe
    }
    if (!arrived) await pause(30);
  }
  app.listen(pieces);
}

unpack();
