// Light or dark: as the system says, until somebody chooses. The style sheet asks the attribute alone.
import { kept, keep } from "./settings.js";

const system = matchMedia("(prefers-color-scheme: dark)");

export function startTheme(changed) {
  apply(wanted());
  system.addEventListener("change", () => {
    apply(wanted());
    changed();
  });
}

export function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

export function turnTheme() {
  keep("theme", isDark() ? "light" : "dark");
  apply(wanted());
}

function wanted() {
  return kept("theme", ["light", "dark"]) ?? (system.matches ? "dark" : "light");
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
}
