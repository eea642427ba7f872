// Transcript and turns brought together.

// The words that belong to each turn: Map of its id to text.
export function wordsOf(document) {
  const found = new Map();
  for (const caption of document.transcript) {
    let [best, most] = [null, 0];
    for (const turn of document.turns) {
      if (turn.start >= caption.end) break;
      const shared = Math.min(turn.end, caption.end) - Math.max(turn.start, caption.start);
      if (shared > most) [best, most] = [turn.id, shared];
    }
    if (best) found.set(best, `${found.get(best) ?? ""} ${caption.text}`.trim());
  }
  return found;
}

// Who says a caption: the speaker who talks for most of it.
export function sayer(document, caption) {
  const time = new Map();
  for (const turn of document.turns) {
    if (turn.start >= caption.end) break;
    const shared = Math.min(turn.end, caption.end) - Math.max(turn.start, caption.start);
    if (shared > 0) time.set(turn.speaker, (time.get(turn.speaker) ?? 0) + shared);
  }
  const [most] = [...time].sort((a, b) => b[1] - a[1]);
  return most && document.speakers.find((speaker) => speaker.id === most[0]);
}
