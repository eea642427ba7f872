import assert from "node:assert/strict";
import { test } from "node:test";
import { Fourier } from "../src/sound/fft.js";
import { Mel } from "../src/sound/mel.js";
import * as mp3 from "../src/sound/mp3.js";
import { Samples } from "../src/sound/samples.js";
import * as wav from "../src/sound/wav.js";

test("a stretch of an MP3 is cut at its frames", () => {
  const bytes = new Uint8Array(144 * 101);
  for (let frame = 0; frame <= 100; frame += 1) bytes.set([0xff, 0xf3, 0x48, 0xc0], 144 * frame); // 32 kbit/s, 16 kHz
  const { rate, part } = mp3.layout(bytes, bytes.length);
  assert.equal(rate, 16000);
  const { head, first, last, begins } = part(20 * 576, 21 * 576);
  assert.equal(head.length, 0);
  assert.deepEqual([first % 144, last % 144], [0, 0]);
  assert.equal(first / 144 - 1, (begins + 1105) / 576);
  assert.ok(begins < 20 * 576 && begins + ((last - first) / 144) * 576 >= 21 * 576);
  assert.equal(part(99 * 576, 400 * 576).last, bytes.length);
  assert.equal(mp3.layout(new Uint8Array(500), 500), null);
});

// a WAV with a chunk of odd length before its two channels of 16 bits
function waves(frames) {
  const bytes = new Uint8Array(12 + 24 + 12 + 8 + 4 * frames);
  const view = new DataView(bytes.buffer);
  const write = (at, text) => [...text].forEach((letter, place) => (bytes[at + place] = letter.charCodeAt(0)));
  write(0, "RIFF....WAVEfmt ");
  view.setUint32(16, 16, true);
  for (const [at, value] of [[20, 1], [22, 2], [32, 4], [34, 16]]) view.setUint16(at, value, true);
  view.setUint32(24, 44100, true);
  write(36, "note");
  view.setUint32(40, 3, true);
  write(48, "data");
  view.setUint32(52, 4 * frames, true);
  return bytes;
}

test("a stretch of a WAV has a header of its own", () => {
  const bytes = waves(1000);
  const { rate, part } = wav.layout(bytes, bytes.length);
  assert.equal(rate, 44100);
  const { head, first, last, begins } = part(990, 2000);
  assert.deepEqual([head.length, first, last, begins], [56, 56 + 3960, 56 + 4000, 990]);
  const view = new DataView(head.buffer);
  assert.deepEqual([view.getUint32(52, true), view.getUint32(4, true)], [40, 56 + 40 - 8]);
  assert.equal(wav.layout(bytes.subarray(0, 40), 40), null);
  assert.equal(wav.layout(Uint8Array.from("RIFX....WAVE", (letter) => letter.charCodeAt(0)), 12), null);
});

test("a spectrum is that of the definition", () => {
  const values = Array.from({ length: 60 }, (_, i) => Math.sin(i * i) + (i % 7));
  const found = new Float64Array(33);
  new Fourier(64).powers(values, found);
  for (let line = 0; line <= 32; line += 1) {
    let [re, im] = [0, 0];
    values.forEach((value, i) => {
      re += value * Math.cos((2 * Math.PI * line * i) / 64);
      im -= value * Math.sin((2 * Math.PI * line * i) / 64);
    });
    assert.ok(Math.abs(found[line] - re * re - im * im) < 1e-8);
  }
});

test("shorter windows are as bright, and tell times apart", () => {
  const edges = [200, 400, 800, 1600, 3200, 6400];
  const noise = Float32Array.from({ length: 16000 }, (_, i) => ((Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24 - 0.5) * (i < 8000 ? 0.4 : 0));
  const mean = (seconds, band) => {
    const mel = new Mel({ edges, white: 0 }, 16000, seconds);
    let sum = 0;
    for (let i = 0; i < 40; i += 1) {
      const found = new Float64Array(4);
      mel.column(noise, 1000 + 150 * i, found);
      sum += 10 ** ((found[band] * 60) / 255 / 10) / 40;
    }
    return 10 * Math.log10(sum);
  };
  for (const band of [0, 1, 2, 3]) assert.ok(Math.abs(mean(0.064, band) - mean(0.008, band)) < 2, `${band}`);
  const after = (seconds) => {
    const found = new Float64Array(4);
    new Mel({ edges, white: 0 }, 16000, seconds).column(noise, 8200, found);
    return found[3];
  };
  assert.ok(after(0.008) < after(0.064) - 50); // 12 ms after the end of the noise
});

test("samples of a file that is no sound of a known kind, and long, are not looked for", async () => {
  const samples = new Samples(null, () => {});
  await samples.from({ size: 10, read: async () => new Uint8Array(10) }, 7200);
  assert.equal(samples.known, false);
  assert.equal(samples.between(0, 1), null);
  await samples.from({ size: 10, read: async () => new Uint8Array(10) }, 60);
  assert.equal(samples.known, true);
});
