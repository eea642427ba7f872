"""Cues of overlap against plain loops, column by column, also where long recordings are taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import entropy

from diarize.stages.overlap_cues import CELL, cell_edges, overlap_cues

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
STEP, N_FEATURES = 0.01, 3


def conversation(n_frames: int = 700, n_speakers: int = 3, seed: int = 0) -> tuple[Any, Any, Labels]:
    """Return frames, evidence and labels with pauses."""
    rng = np.random.default_rng(seed)
    n_turns = n_frames // 8 + 1
    turns = rng.integers(-1, n_speakers, n_turns)
    labels = np.repeat(turns, rng.integers(8, 40, n_turns))[:n_frames].astype(np.intp)
    frames = rng.normal(size=(n_frames, N_FEATURES)).astype(np.float32)
    evidence = rng.normal(size=(-(-n_frames // CELL), n_speakers))
    evidence[np.diff(cell_edges(labels >= 0)) == 0] = 0
    return frames, evidence, labels


@pytest.mark.parametrize("n_frames", [1, 4, 5, 6, 23])
@pytest.mark.parametrize("seed", range(3))
def test_cells_hold_the_speech_on_a_grid(n_frames: int, seed: int) -> None:
    speech = np.random.default_rng(seed).random(n_frames) < 0.6
    edges = cell_edges(speech)
    assert len(edges) == -(-n_frames // CELL) + 1
    for cell in range(len(edges) - 1):
        assert edges[cell + 1] - edges[cell] == speech[cell * CELL : (cell + 1) * CELL].sum()


class Oracle:
    """The columns of one cell at a time, from their description."""

    def __init__(self, frames: Any, evidence: Any, labels: Labels) -> None:
        self.n_cells, self.evidence = len(evidence), evidence
        self.frames = [frames[cell * CELL : (cell + 1) * CELL].astype(float) for cell in range(self.n_cells)]
        self.frames[-1] = np.concatenate([self.frames[-1], np.tile(frames[-1], (CELL - len(self.frames[-1]), 1))])
        self.labels = [labels[cell * CELL : (cell + 1) * CELL] for cell in range(self.n_cells)]
        spoken = [cell[cell >= 0] for cell in self.labels]
        self.counts = [len(cell) for cell in spoken]
        self.main = [int(cell[0]) if len(cell) else -1 for cell in spoken]

    def row(self, cell: int) -> Floats:
        return np.array([*self.sound(cell), *self.voices(cell, 5), *self.voices(cell, 11), *self.places(cell)])

    def around(self, cell: int, window: int) -> list[int]:
        """Return the cells of a window; the first and the last one go on beyond the ends."""
        return [min(max(at, 0), self.n_cells - 1) for at in range(cell - window // 2, cell + window // 2 + 1)]

    def sound(self, cell: int) -> Floats:
        parts = []
        for window in (5, 11):
            rows = np.concatenate([self.frames[at] for at in self.around(cell, window)])
            parts += [rows.mean(axis=0), rows.std(axis=0)]
        return np.concatenate(parts)

    def voices(self, cell: int, window: int) -> list[float]:
        cells = self.around(cell, window)
        frames = sum(self.counts[at] for at in cells)
        total = sum(self.evidence[at] for at in cells)
        second, best = sorted(total / frames)[-2:]
        own, nearest = (total[speaker] / frames for speaker in (self.main[cell], self.nearest(cell)[0]))
        changing = sum(self.evidence[at].max() for at in cells) / frames
        share = np.exp(0.12 * total) / np.exp(0.12 * total).sum()
        return [best, best - second, best - own, nearest - own, changing - best, entropy(share)]

    def nearest(self, cell: int) -> tuple[int, float]:
        """Return who else speaks nearest and how many cells away, the earlier one where two are as near."""
        for distance in range(1, self.n_cells):
            for at in (cell - distance, cell + distance):
                if 0 <= at < self.n_cells and self.main[at] not in (-1, self.main[cell]):
                    return self.main[at], distance
        return -1, np.inf

    def places(self, cell: int) -> Floats:
        pauses = [at for at in range(self.n_cells) if self.counts[at] < CELL]
        pause = min((abs(at - cell) for at in pauses), default=np.inf)
        far = 6.0 / (STEP * CELL)
        speakers = len({speaker for speaker in self.main if speaker >= 0})
        return np.log([1 + min(self.nearest(cell)[1], far), 1 + min(pause, far), speakers])


def check(given: tuple[Any, Any, Labels], rows: npt.NDArray[np.float32], cells: range) -> None:
    oracle = Oracle(*given)
    spoken = [cell for cell in cells if oracle.counts[cell]]
    assert spoken
    for cell in spoken:
        np.testing.assert_allclose(rows[cell], oracle.row(cell), atol=2e-4, err_msg=f"cell {cell}")


@pytest.mark.parametrize("n_frames", [700, 697, 58])
@pytest.mark.parametrize("n_speakers", [2, 3, 6])
def test_columns_are_those_of_their_description(n_frames: int, n_speakers: int) -> None:
    given = conversation(n_frames, n_speakers, seed=n_speakers)
    rows = np.concatenate(list(overlap_cues(*given, STEP)))
    assert rows.dtype == np.float32
    assert rows.shape == (-(-n_frames // CELL), 4 * N_FEATURES + 2 * 6 + 3)
    check(given, rows, range(len(rows)))


def test_long_recordings_come_in_parts_that_fit_together() -> None:
    given = conversation(5 * 9000)
    parts = list(overlap_cues(*given, STEP))
    assert len(parts) > 1
    rows = np.concatenate(parts)
    assert len(rows) == 9000
    for seam in np.cumsum([len(part) for part in parts])[:-1]:
        check(given, rows, range(seam - 20, seam + 20))


def test_nothing_is_farther_away_than_six_seconds() -> None:
    """One speaker, no pauses, somebody else at the very end."""
    labels = np.zeros(1500, np.intp)
    labels[-5:] = 1
    rng = np.random.default_rng(0)
    given = (rng.normal(size=(1500, N_FEATURES)).astype(np.float32), rng.normal(size=(300, 2)), labels)
    rows = np.concatenate(list(overlap_cues(*given, STEP)))
    np.testing.assert_allclose(rows[:179, -3], np.log(121), rtol=1e-6)
    np.testing.assert_allclose(rows[250, -3], np.log(1 + 49), rtol=1e-6)
    np.testing.assert_allclose(rows[:, -2], np.log(121), rtol=1e-6)
    np.testing.assert_allclose(rows[:, -1], np.log(2), rtol=1e-6)
