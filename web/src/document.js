// The document of the page: plain values that never change. Every edit makes a new one.
//   {key, server, recording, speakers: [{id, name, mark}], turns: [{id, start, end, speaker, confidence, checked}],
//    silence: [{start, end}], transcript, reference}
// `checked`: a person made, changed or confirmed this turn. `silence`: where a person said that nobody speaks; a checked
// turn that is there has the last word. `server`: null for a page from a file, else what `server.js` takes.

export function opened(delivered) {
  const speakers = delivered.speakers.map((speaker, place) => ({ mark: place, ...speaker }));
  const turns = delivered.turns.map((turn) => ({ confidence: null, checked: false, ...turn })).sort(inOrder);
  return { server: null, silence: [], transcript: [], reference: null, ...delivered, speakers, turns };
}

export function inOrder(one, other) {
  return one.start - other.start || one.end - other.end || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

export function lengthOf(document) {
  return document.turns.reduce((last, turn) => Math.max(last, turn.end), document.recording.duration);
}

export function speakerOf(document, id) {
  return document.speakers.find((speaker) => speaker.id === id);
}

export function turnOf(document, id) {
  return document.turns.find((turn) => turn.id === id);
}

export function turnsOf(document, speaker) {
  return document.turns.filter((turn) => turn.speaker === speaker);
}

export function turnsAt(document, time) {
  return document.turns.filter((turn) => turn.start <= time && time < turn.end);
}

// The silence that no checked turn contradicts.
export function quiet({ silence, turns }) {
  const cut = (left, turn) => left.flatMap((one) => [{ ...one, end: Math.min(one.end, turn.start) }, { ...one, start: Math.max(one.start, turn.end) }].filter(({ start, end }) => start < end));
  return silence.flatMap((one) => turns.filter((turn) => turn.checked && turn.start < one.end && turn.end > one.start).reduce(cut, [one]));
}

// "t12" where t1 to t11 are taken
export function freshId(items, letter) {
  const taken = items.map((item) => Number(item.id.slice(letter.length))).filter(Number.isFinite);
  return `${letter}${taken.reduce((most, number) => Math.max(most, number), 0) + 1}`;
}
