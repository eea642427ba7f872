// Samples for a deep zoom, decoded some seconds at a time where the kind of file allows that, or at once from a short one.
import * as mp3 from "./mp3.js";
import * as wav from "./wav.js";

const KINDS = [mp3, wav]; // one more is a file and its name here
const HEAD = 65536; // bytes in which a file says what it is
const LEAST = 8; // seconds decoded at once
const MOST = 120;
const LONGEST = 1200; // seconds of other files, which are decoded whole

export class Samples {
  constructor(channel, changed) {
    this.channel = channel; // counted from 1; null for the mean of all
    this.changed = changed;
    this.forget();
  }

  // Whether there is something to decode.
  get known() {
    return this.source !== null;
  }

  forget() {
    this.held = null; // {start, rate, values, last}, where the last one ends with the sound
    this.source = null; // (from, to) in seconds -> what is held then
    this.busy = false;
  }

  // Take the samples from these bytes, those of a sound of so many seconds.
  async from(bytes, duration) {
    this.duration = duration;
    const head = await bytes.read(0, HEAD);
    const plan = KINDS.reduce((known, kind) => known ?? kind.layout(head, bytes.size), null);
    if (plan) this.source = (from, to) => this.stretch(bytes, plan, from, to);
    else if (duration <= LONGEST) this.source = () => this.whole(bytes);
    this.changed();
  }

  // What is held of a stretch; null while it is being decoded, or where there is nothing to decode.
  between(from, to) {
    if (from >= this.duration) return null;
    const { held } = this;
    const end = held && held.start + held.values.length / held.rate;
    if (held && from >= held.start && (to <= end || held.last)) return held;
    if (this.source && !this.busy && to - from < MOST / 2) this.load((from + Math.min(to, this.duration)) / 2, Math.max(LEAST, 2 * (to - from)));
    return held && from < end && to > held.start ? held : null;
  }

  async load(middle, length) {
    this.busy = true;
    const { source } = this;
    try {
      const from = Math.max(0, middle - length / 2);
      const held = await source(from, from + length);
      if (source === this.source) this.held = held;
    } catch {
      if (source === this.source) this.source = null; // this browser does not decode it: peaks it is
    }
    this.busy = false;
    this.changed();
  }

  async stretch(bytes, { rate, part }, from, to) {
    const wanted = Math.floor(from * rate);
    const { head, first, last, begins } = part(wanted, Math.ceil(to * rate));
    const body = await bytes.read(first, last);
    const piece = new Uint8Array(head.length + body.length);
    piece.set(head);
    piece.set(body, head.length);
    const values = await this.decoded(piece, rate);
    const skip = Math.max(0, wanted - begins);
    return { start: (begins + skip) / rate, rate, values: values.subarray(skip), last: last >= bytes.size };
  }

  async whole(bytes) {
    const rate = 16000;
    return { start: 0, rate, values: await this.decoded(await bytes.read(0, bytes.size), rate), last: true };
  }

  async decoded(piece, rate) {
    const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(piece.buffer);
    const n = sound.numberOfChannels;
    if (n === 1 || this.channel) return sound.getChannelData(Math.min(n, this.channel ?? 1) - 1);
    const values = new Float32Array(sound.length);
    for (let channel = 0; channel < n; channel += 1) {
      sound.getChannelData(channel).forEach((value, place) => (values[place] += value / n));
    }
    return values;
  }
}
