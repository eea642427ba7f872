// The one time axis: which stretch of the recording is in sight. Values that never change.

export const SMALLEST = 1 / 16000 / 24; // seconds a pixel: 24 pixels a sample

export function fitted(length, width) {
  return { start: 0, scale: Math.max(length, 0.1) / Math.max(width, 1), width, length };
}

export function clamped(view) {
  const scale = Math.min(Math.max(view.scale, SMALLEST), Math.max(view.length, 0.1) / Math.max(view.width, 1));
  const start = Math.min(Math.max(0, view.start), Math.max(0, view.length - scale * view.width));
  return { ...view, scale, start };
}

export const timeAt = (view, x) => view.start + x * view.scale;
export const xOf = (view, time) => (time - view.start) / view.scale;
export const endOf = (view) => view.start + view.scale * view.width;

export function zoomed(view, factor, time) {
  const next = clamped({ ...view, scale: view.scale * factor });
  const x = xOf(view, time);
  return clamped({ ...next, start: time - x * next.scale });
}

export function moved(view, seconds) {
  return clamped({ ...view, start: view.start + seconds });
}

// Show a stretch with some room on both sides.
export function around(view, start, end, room = 0.4) {
  const span = Math.max(end - start, 0.05) * (1 + 2 * room);
  return clamped({ ...view, scale: span / view.width, start: (start + end - span) / 2 });
}

// The view in which a time can be seen: as it is, or turned like a page.
export function turnedTo(view, time) {
  if (time >= view.start && time <= endOf(view)) return view;
  return clamped({ ...view, start: time - 0.1 * view.scale * view.width });
}

export function resized(view, width, length) {
  const whole = view.scale >= (view.length / Math.max(view.width, 1)) * 0.999;
  return whole ? fitted(length, width) : clamped({ ...view, width, length });
}

// Round steps for the marks of a ruler, at least so many pixels apart.
export function step(scale, least = 80) {
  const steps = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
  return steps.find((item) => item / scale >= least) ?? 7200;
}
