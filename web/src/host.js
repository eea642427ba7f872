// Where corrections are kept: a page from a file, whose document has no `server`, keeps them in the browser; another one
// gives them to its server, an object with the same two members.
import { Server } from "./server.js";

export function hostOf(document) {
  if (document.server) return new Server(document);
  const { key } = document;
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

    // Keep {speakers, turns, silence}, and say where; rejects where that cannot be. null forgets.
    async save(edited) {
      if (edited === null) localStorage.removeItem(place);
      else localStorage.setItem(place, JSON.stringify(edited));
      return "saved";
    },
  };
}
