"""What the past says of every frame: a compiled filter in log space.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).
"""

from __future__ import annotations

import math

import numpy as np

from diarize.gmm.engine.compilation import Integers, compiled, inner
from diarize.hmm.structures import Ergodic, Floats, MinimumDuration, SpeakerLoop, Structure

INF = math.inf


@inner()
def _log_add(a: float, b: float) -> float:
    high = max(a, b)
    return high if high == -INF else high + math.log1p(math.exp(min(a, b) - high))


@compiled("f8[::1](f8[:, ::1], f8[::1], f8[:, ::1], i8[::1], f8[:, ::1], b1)")
def _gains(
    emissions: Floats, start: Floats, transitions: Floats, durations: Integers, inside: Floats, begins: bool
) -> Floats:
    """Return log p(frame | frames before); inside[s, k] is log p(frames so far, k + 1 in s), relative, kept up to date.

    The last column of a state stands for its minimum duration or more.
    """
    n_frames, n_states = emissions.shape
    increments, arriving = np.empty(n_frames), np.empty(n_states)
    for t in range(n_frames):
        for s in range(n_states):
            arriving[s] = start[s] if begins and t == 0 else -INF
            for r in range(n_states):
                if r != s:
                    arriving[s] = _log_add(arriving[s], inside[r, durations[r] - 1] + transitions[r, s])
        total = -INF
        for s in range(n_states):
            end = durations[s] - 1
            stays = inside[s, end] + transitions[s, s]
            for k in range(end, 0, -1):
                inside[s, k] = inside[s, k - 1] + emissions[t, s]
            inside[s, 0] = arriving[s] + emissions[t, s]
            inside[s, end] = _log_add(inside[s, end], stays + emissions[t, s])
            for k in range(end + 1):
                total = _log_add(total, inside[s, k])
        increments[t] = total
        if total > -INF:
            for s in range(n_states):
                for k in range(durations[s]):
                    inside[s, k] -= total
    return increments


class Filter:
    """Goes through one sequence block by block."""

    def __init__(self, structure: Structure) -> None:
        base = structure.base if isinstance(structure, MinimumDuration) else structure
        matrix: Ergodic = base.ergodic() if isinstance(base, SpeakerLoop) else base
        with np.errstate(divide="ignore"):
            self._start, self._transitions = np.log(matrix.start), np.log(matrix.transitions)
        durations = structure.frames if isinstance(structure, MinimumDuration) else np.ones(base.n_labels, np.int64)
        self._durations = np.array(durations)
        self._inside = np.full((base.n_labels, int(durations.max())), -np.inf)
        self._begins = True

    def gains(self, emissions: Floats) -> Floats:
        """Return the log-likelihood of each frame given those before, nats.

        Parameters
        ----------
        emissions : array (n_frames, n_states)
            Log-likelihoods of the next frames.
        """
        increments: Floats = _gains(
            np.ascontiguousarray(emissions), self._start, self._transitions, self._durations, self._inside, self._begins
        )
        self._begins = False
        return increments
