// Samples for a deep zoom, decoded some seconds at a time from the sound in the page, or at once from a short file.
import { layout, slice } from "./mp3.js";

const WINDOW = 8; // seconds decoded at once
const LONGEST = 1200; // seconds of a chosen file that are decoded whole

export class Samples {
  constructor(changed) {
    this.changed = changed;
    this.held = null; // {start, rate, values}
    this.source = null;
    this.busy = false;
  }

  fromBytes(bytes) {
    const plan = layout(bytes);
    this.source = plan && ((time) => decodedSlice(bytes, plan, time));
  }

  fromFile(file, duration) {
    this.source = duration > LONGEST ? null : (time) => (time >= 0 ? decodedWhole(file) : null);
  }

  // What is held of a stretch; null while it is being decoded, or where there is nothing to decode.
  between(from, to) {
    const held = this.held;
    if (held && from >= held.start && to <= held.start + held.values.length / held.rate) return held;
    if (this.source && !this.busy && to - from < WINDOW / 2) this.load((from + to) / 2);
    return held && from < held.start + held.values.length / held.rate && to > held.start ? held : null;
  }

  async load(time) {
    this.busy = true;
    try {
      this.held = await this.source(Math.max(0, time - WINDOW / 2));
      this.changed();
    } catch {
      this.source = null; // this browser does not decode it: peaks it is
    }
    this.busy = false;
  }
}

async function decodedSlice(bytes, plan, start) {
  const { rate } = plan;
  const from = Math.floor(start * rate);
  const part = slice(bytes, plan, from, from + WINDOW * rate);
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(part.bytes.buffer);
  const values = sound.getChannelData(0);
  const skip = Math.max(0, from - part.begins);
  return { start: (part.begins + skip) / rate, rate, values: values.subarray(skip) };
}

async function decodedWhole(file) {
  const context = new OfflineAudioContext(1, 1, 16000);
  const sound = await context.decodeAudioData(await file.arrayBuffer());
  const values = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    sound.getChannelData(channel).forEach((value, place) => (values[place] += value / sound.numberOfChannels));
  }
  return { start: 0, rate: sound.sampleRate, values };
}
