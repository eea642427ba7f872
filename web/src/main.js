// Start: read what Python put into the page, show it, then unpack the sound.
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

async function unpack() {
  const pieces = [];
  for (const element of document.querySelectorAll("script.sound")) {
    pieces.push(bytes(element.textContent));
    element.remove();
    await new Promise((resume) => setTimeout(resume)); // let the page breathe
  }
  app.listen(pieces);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", unpack);
else unpack();
