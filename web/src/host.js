// Where corrections are kept: a page from a file, whose document has no `server`, keeps them in the browser. Another
// keeper is an object with the same two members.

export function hostOf({ key }) {
  const place = `diarize:${key}`;
  return {
    // The document as it was left, or null.
    async load() {
      try {
        return JSON.parse(localStorage.getItem(place) ?? "null");
      } catch {
        return null;
      }
    },

    // Keep {speakers, turns}; rejects where that cannot be. null forgets.
    async save(edited) {
      if (edited === null) localStorage.removeItem(place);
      else localStorage.setItem(place, JSON.stringify(edited));
    },
  };
}
