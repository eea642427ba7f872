// Where playing goes on when only some stretches are wanted.

// null: nothing is left; else the time at which to be.
export function next(stretches, time) {
  const slack = 0.02;
  for (const stretch of stretches) {
    if (time < stretch.end - slack / 2) return time >= stretch.start - slack ? time : stretch.start;
  }
  return null;
}
