// The table of formats that the page writes: one more is one file and one row.
import { audacity } from "./audacity.js";
import { csv } from "./csv.js";
import { json } from "./json.js";
import { rttm } from "./rttm.js";
import { srt } from "./srt.js";
import { textgrid } from "./textgrid.js";
import { vtt } from "./vtt.js";

export const FORMATS = [
  { name: "RTTM", ending: ".rttm", use: "evaluation, diarize", write: rttm },
  { name: "JSON", ending: ".json", use: "programs", write: json },
  { name: "CSV", ending: ".csv", use: "spreadsheets", write: csv },
  { name: "Audacity labels", ending: ".txt", use: "Audacity", write: audacity },
  { name: "SubRip", ending: ".srt", use: "subtitles", write: srt },
  { name: "WebVTT", ending: ".vtt", use: "web video", write: vtt },
  { name: "TextGrid", ending: ".TextGrid", use: "Praat", write: textgrid },
];
