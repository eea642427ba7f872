"""The ratio of one person against two: against Gaussian integrals over all factors at once."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import block_diag

from diarize.model import Model
from diarize.stages.speakers import EigenvoiceModel
from diarize.voices import comparison
from diarize.voices.comparison import SCALE, SUREST, Calibration, log_ratios
from diarize.voices.prints import Voiceprint
from tests.voices.conftest import heard

Floats = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ratio be the evidence itself."""
    monkeypatch.setattr(comparison, "CALIBRATIONS", {"wide": lambda e, s: e, "narrow": lambda e, s: 1 + e})


def log_integral(precisions: list[Floats], linears: list[Floats], covariance: Floats) -> float:
    """Return the logarithm of the mean of exp(l'w - w'Lw / 2) over N(w; 0, C), all sessions in one vector."""
    precision, linear = block_diag(*precisions), np.concatenate(linears)
    inner = np.eye(len(linear)) + covariance @ precision
    return float(linear @ np.linalg.solve(inner, covariance @ linear) / 2 - np.linalg.slogdet(inner)[1] / 2)


def joint(voices: EigenvoiceModel, precisions: list[Floats], linears: list[Floats]) -> float:
    """Return the logarithm of the likelihood of sessions of one person."""
    sessions, n = voices.sessions, len(linears)
    assert sessions is not None
    covariance = np.kron(np.ones((n, n)), sessions.between) + np.kron(np.eye(n), sessions.within)
    return log_integral(precisions, linears, covariance)


def evidence(model: Model, people: list[list[Voiceprint]], band: str) -> float:
    values = []
    for place, voices in enumerate(model.bands[band].voices):
        several = []
        directions = voices.voices.astype(np.float64)
        for person in people:
            rows = [one.bands[band][place] for one in person]
            precisions = [SCALE * np.einsum("k,kdr,kdq->rq", row.counts[0], directions, directions) for row in rows]
            several.append((precisions, [SCALE * np.float64(row.projected[0]) for row in rows]))

        both = joint(voices, [x for one in several for x in one[0]], [x for one in several for x in one[1]])
        values.append(both - sum(joint(voices, *one) for one in several))
    return float(np.mean(values))


def test_ratios_are_those_of_gaussian_integrals(model: Model) -> None:
    people = [[heard(0)], [heard(1), heard(2)], [heard(3)]]
    pairs = list(combinations(range(3), 2))
    wide, narrow = ([evidence(model, [people[i], people[j]], band) for i, j in pairs] for band in ("wide", "narrow"))
    expected = np.log(0.85 * np.exp(wide) + 0.15 * np.exp(1 + np.array(narrow)))
    assert log_ratios(people, np.array(pairs), model) == pytest.approx(expected, rel=1e-6)


def test_bands_count_in_which_both_were_heard(model: Model) -> None:
    people = [[heard(0)], [heard(1, bands=("narrow",))], [heard(2, bands=("wide",))]]
    ratios = log_ratios(people, np.array([[0, 1], [0, 2], [1, 2]]), model)
    assert ratios[0] - 1 == pytest.approx(evidence(model, people[:2], "narrow"), rel=1e-6)
    assert ratios[1] == pytest.approx(evidence(model, [people[0], people[2]], "wide"), rel=1e-6)
    assert ratios[2] == -np.inf
    assert log_ratios(people, np.zeros((0, 2), np.intp), model).shape == (0,)


def test_a_calibration_does_not_see_which_side_is_longer_and_never_is_surer_than_measured() -> None:
    calibration = Calibration(2.0, 0.5, -0.25, 1.0)
    seconds = np.array([[4.0, 16.0], [16.0, 4.0]])
    expected = 2.0 * 3.0 / 2.0 + 0.5 * np.log(4) - 0.25 * np.log(16) + 1.0
    assert calibration(np.array([3.0, 3.0]), seconds) == pytest.approx([expected, expected])
    assert calibration(np.array([-1e6, 1e6]), seconds).tolist() == [-SUREST, SUREST]
