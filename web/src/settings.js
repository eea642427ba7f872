// What a person has set, for all pages that this browser shows; where it keeps nothing, a choice lasts as long as the page.
const chosen = new Map();

// The value of a setting, undefined where none of the `choices` was made.
export function kept(name, choices) {
  const value = chosen.get(name) ?? stored(name);
  return choices.includes(value) ? value : undefined;
}

export function keep(name, value) {
  chosen.set(name, value);
  try {
    localStorage.setItem(`diarize:${name}`, value);
  } catch {
    // the map holds it
  }
}

function stored(name) {
  try {
    return localStorage.getItem(`diarize:${name}`);
  } catch {
    return null;
  }
}

// What the next page in this tab is to say.
export function leaveNote(text) {
  try {
    sessionStorage.setItem("diarize:note", text);
  } catch {
    // it is said here, at least
  }
}

export function noteLeft() {
  try {
    const text = sessionStorage.getItem("diarize:note");
    sessionStorage.removeItem("diarize:note");
    return text;
  } catch {
    return null;
  }
}
