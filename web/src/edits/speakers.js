// Edits of speakers: document -> document. To merge or divide whole speakers checks none of their turns.
import { freshId, turnsOf } from "../document.js";
import { reassign, settled } from "./turns.js";

export function rename(document, id, name) {
  const clean = name.trim();
  const speaker = document.speakers.find((item) => item.id === id);
  if (!speaker || !clean || document.speakers.some((item) => item.name === clean)) return document; // a name is one person
  return { ...document, speakers: document.speakers.map((item) => (item.id === id ? { ...item, name: clean } : item)) };
}

export function addSpeaker(document, name = unusedName(document)) {
  const mark = document.speakers.reduce((most, speaker) => Math.max(most, speaker.mark), -1) + 1;
  const speaker = { id: freshId(document.speakers, "s"), name, mark };
  return { ...document, speakers: [...document.speakers, speaker] };
}

export function merge(document, id, into) {
  const known = (wanted) => document.speakers.some((speaker) => speaker.id === wanted);
  if (id === into || !known(id) || !known(into)) return document;
  const turns = document.turns.map((turn) => (turn.speaker === id ? { ...turn, speaker: into } : turn));
  return settled({ ...document, speakers: document.speakers.filter((speaker) => speaker.id !== id) }, turns);
}

// Some turns of a speaker become those of a new one.
export function split(document, ids) {
  if (!document.turns.some((turn) => ids.includes(turn.id))) return document;
  const more = addSpeaker(document);
  return reassign(more, ids, more.speakers.at(-1).id);
}

// What a speaker says from a time on becomes that of a new one.
export function splitFrom(document, id, time) {
  const own = turnsOf(document, id);
  const later = own.filter((turn) => turn.start >= time);
  if (!later.length || later.length === own.length) return document;
  const more = addSpeaker(document);
  const speaker = more.speakers.at(-1).id;
  const moves = (turn) => turn.speaker === id && turn.start >= time;
  return settled(more, document.turns.map((turn) => (moves(turn) ? { ...turn, speaker, confidence: null } : turn)));
}

export function removeSpeaker(document, id) {
  if (!document.speakers.some((speaker) => speaker.id === id)) return document;
  const speakers = document.speakers.filter((speaker) => speaker.id !== id);
  return { ...document, speakers, turns: document.turns.filter((turn) => turn.speaker !== id) };
}

function unusedName(document) {
  const names = new Set(document.speakers.map((speaker) => speaker.name));
  let number = document.speakers.length + 1;
  while (names.has(`speaker${number}`)) number += 1;
  return `speaker${number}`;
}
