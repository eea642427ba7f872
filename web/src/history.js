// Undo and redo without limit: a stack of documents on each side. They share what an edit did not touch.

export function begun(document) {
  return { past: [], present: { document, label: "" }, future: [] };
}

export function committed(history, label, document) {
  if (document === history.present.document) return history;
  return { past: [...history.past, history.present], present: { document, label }, future: [] };
}

export function undone(history) {
  const before = history.past.at(-1);
  if (!before) return history;
  return { past: history.past.slice(0, -1), present: before, future: [history.present, ...history.future] };
}

export function redone(history) {
  const [after, ...future] = history.future;
  return after ? { past: [...history.past, history.present], present: after, future } : history;
}
