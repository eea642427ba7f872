// Times as people read and write them.

export function clock(seconds, digits = 1) {
  const scale = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * scale);
  const [hours, minutes] = [Math.floor(whole / scale / 3600), Math.floor(whole / scale / 60) % 60];
  const rest = ((whole % (60 * scale)) / scale).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

// "1:02.5", "62.5" or "1:00:02,5"; null for what is no time
export function parsed(text) {
  const match = /^\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d*)?)\s*$/.exec(text);
  if (!match) return null;
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3].replace(",", "."));
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}
