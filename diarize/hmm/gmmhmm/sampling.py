"""Drawing paths of states."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.hmm.structures import MinimumDuration, SpeakerLoop, Structure


def draw_states(structure: Structure, n_frames: int, random_state: np.random.RandomState) -> npt.NDArray[np.intp]:
    """Return a path of states (n_frames,) drawn from a structure."""
    base = structure.base if isinstance(structure, MinimumDuration) else structure
    durations = structure.frames if isinstance(structure, MinimumDuration) else np.ones(base.n_labels, np.int64)
    matrix = base.ergodic() if isinstance(base, SpeakerLoop) else base
    edges = np.cumsum(np.vstack([matrix.start, matrix.transitions]), axis=1)
    edges /= edges[:, -1:]
    chances = random_state.uniform(size=n_frames)
    states = np.empty(n_frames, np.intp)
    frame, state = 0, -1
    while frame < n_frames:
        following = int(np.searchsorted(edges[state + 1], chances[frame], side="right"))
        stop = frame + (1 if following == state else int(durations[following]))
        states[frame:stop] = following
        frame, state = stop, following
    return states
