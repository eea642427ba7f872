// The sound: play from anywhere, at any speed, all of it or some stretches only.
import { next } from "./schedule.js";

export class Player {
  constructor(length, changed, failed) {
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.length = length;
    this.only = null; // [{start, end}], sorted: what is played, null for all
    this.once = null; // {start, end}: a stretch played once
    this.state = "none"; // none, loading, ready, missing
    this.wanted = 0;
    this.changed = changed;
    for (const event of ["play", "pause", "ended", "seeked", "ratechange"]) this.audio.addEventListener(event, () => this.tick());
    this.audio.addEventListener("timeupdate", () => this.tick());
    this.audio.addEventListener("loadedmetadata", () => {
      this.state = "ready";
      this.audio.currentTime = this.wanted;
      this.changed();
    });
    this.audio.addEventListener("error", () => {
      this.state = "missing";
      failed();
    });
  }

  from(address) {
    this.state = "loading";
    this.wanted = this.time;
    this.audio.src = address;
  }

  get ready() {
    return this.state === "ready";
  }

  get playing() {
    return this.ready && !this.audio.paused && !this.audio.ended;
  }

  get time() {
    return this.ready ? this.audio.currentTime : this.wanted;
  }

  seek(time) {
    this.wanted = Math.min(Math.max(0, time), this.length);
    if (this.ready) this.audio.currentTime = this.wanted;
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.ready) return;
    const allowed = this.only && next(this.only, this.time);
    if (this.only && allowed === null && this.only.length) this.seek(this.only[0].start);
    else if (this.audio.ended || this.time >= this.length - 0.05) this.seek(0);
    this.audio.play().catch(() => this.changed());
  }

  pause() {
    this.once = null;
    this.audio.pause();
  }

  playOnce(start, end) {
    this.seek(start);
    this.once = { start, end };
    if (this.ready) this.audio.play().catch(() => this.changed());
  }

  set speed(value) {
    this.audio.defaultPlaybackRate = value;
    this.audio.playbackRate = value;
    this.audio.preservesPitch = true;
  }

  get speed() {
    return this.audio.playbackRate;
  }

  // Called for every picture while it plays: leave out what is not wanted.
  tick() {
    if (this.playing && !this.audio.seeking) {
      if (this.once && this.time >= this.once.end) {
        const { end } = this.once;
        this.pause();
        this.seek(end);
      } else if (this.only && !this.once) {
        const goal = next(this.only, this.time);
        if (goal === null) this.pause();
        else if (goal !== this.time) this.audio.currentTime = goal;
      }
    }
    this.changed();
  }
}
