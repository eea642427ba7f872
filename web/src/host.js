// Where corrections go. A page from a file keeps them in the browser; a server that serves this page may put its own
// host into `globalThis.diarizeHost` before the script runs, with the same three members.

export function browserHost(key) {
  const place = `diarize:${key}`;
  return {
    capabilities: { saves: "in this browser" },

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

export function hostOf(key) {
  return globalThis.diarizeHost ?? browserHost(key);
}
