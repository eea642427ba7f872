// Play, time, speed, zoom; and a way to choose the sound where it cannot be heard, or not be seen sample by sample.
import { SPEEDS } from "../commands.js";
import { button, h, icon } from "../dom.js";
import { isDeep } from "../draw/waveform.js";
import { clock } from "../time.js";

export class Transport {
  constructor(app) {
    this.app = app;
    const run = (name) => () => app.commands.run(name);
    this.play = button("Play", "play", run("play"), { class: "button play" });
    this.time = h("span", { class: "time" }, "0:00.0");
    this.whole = h("span", { class: "whole" }, ` / ${clock(app.length, 0)}`);
    this.speed = h("select", { class: "speed", "aria-label": "Speed", title: "Speed", onchange: () => app.setSpeed(Number(this.speed.value)) }, SPEEDS.map((speed) => h("option", { value: speed, selected: speed === 1 }, `${speed} ×`)));
    this.only = button("All speakers", "solo", () => app.solo(app.only), { text: true, class: "button chip" });
    this.draw = button("Draw turns", "pencil", () => this.toggle(), { class: "button round touch", "aria-pressed": "false" });
    this.file = h("input", { type: "file", accept: "audio/*,video/*,.flac,.opus", class: "hidden-file", id: "sound-file", onchange: () => app.chooseFile(this.file.files[0]) });
    this.missing = h("label", { class: "button chip warn", htmlFor: "sound-file" }, icon("file"), h("span", {}, "Choose the sound file"));
    const zoom = h("div", { class: "group" }, button("Zoom out", "minus", run("zoomOut")), button("Show all", "fit", run("zoomAll")), button("Zoom in", "plus", run("zoomIn")));
    this.element = h("section", { class: "transport", "aria-label": "Playback" }, this.play, h("span", { class: "clock" }, this.time, this.whole), this.speed, this.only, this.file, this.missing, h("span", { class: "space" }), this.draw, zoom);
  }

  toggle() {
    this.app.store.drawing = !this.app.store.drawing;
    this.app.store.changed();
  }

  show() {
    const { document, env, only, player, samples, store, timeline } = this.app;
    this.draw.setAttribute("aria-pressed", String(store.drawing));
    this.only.hidden = !only;
    const name = document.speakers.find((speaker) => speaker.id === only)?.name ?? "";
    this.only.lastChild.textContent = `Only ${name}`;
    this.only.title = `Only ${name} is played; press for all`;
    const silent = player.state === "missing" || player.state === "none";
    const blind = !samples.known && isDeep(timeline.view, env.levels);
    this.missing.hidden = this.file.hidden = this.app.loading || !(silent || blind);
    this.missing.lastChild.textContent = silent ? "Choose the sound file" : "Choose the sound to see its samples";
    this.play.disabled = !player.ready;
    this.speed.value = String(player.speed);
    if (this.playing === player.playing) return;
    this.playing = player.playing;
    this.play.replaceChildren(icon(player.playing ? "pause" : "play"));
    this.play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
    this.play.title = player.playing ? "Pause" : "Play";
  }

  tick(time) {
    const text = clock(time, 1);
    if (this.time.textContent !== text) this.time.textContent = text;
  }
}
