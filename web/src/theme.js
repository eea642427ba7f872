// Light or dark: as the system says, until somebody chooses.
const PLACE = "diarize:theme";

export function startTheme(changed) {
  apply(remembered());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function turnTheme() {
  const wanted = isDark() ? "light" : "dark";
  apply(wanted);
  try {
    localStorage.setItem(PLACE, wanted);
  } catch {
    // a browser that keeps nothing: the choice lasts as long as the page
  }
  return wanted;
}

function remembered() {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

function apply(theme) {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
}
