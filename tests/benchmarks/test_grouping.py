"""Fitting which voices are one speaker: what is counted, the fit to data of known weights, folds that stay apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from grouping import FOLDS, NAMES, Pairs, alike, fit, joined, left_out, load, save, spoken

from diarize import Annotation, Turn
from diarize.config import FeatureConfig, GroupingConfig
from diarize.features import Spectrum
from diarize.grid import FrameGrid
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.recording import Recording

Floats = npt.NDArray[np.float64]


def test_frames_of_each_voice_by_person() -> None:
    """Counted one by one; where two speak at once a frame counts for both, and where nobody does for none."""
    speech = np.array([False, True, True, True, True, True, False, True, True, True, False, True])
    lengths, labels = np.array([2, 3, 3, 1]), np.array([1, 0, 2, 1])
    blocks = SpeechBlocks(speech, np.zeros((9, 1), np.float32), (), lengths, np.array([0, 0, 1, 2]), 0.1)
    voices = [-1, 1, 1, 0, 0, 0, -1, 2, 2, 2, -1, 1]
    reference = Annotation([Turn(0.0, 0.4, "b"), Turn(0.2, 0.8, "a"), Turn(0.8, 0.9, "b"), Turn(0.6, 0.9, "c")])
    expected = np.zeros((3, 3))
    for frame, voice in enumerate(voices):
        for turn in reference:
            if voice >= 0 and turn.start < 0.1 * frame + 0.05 < turn.end:
                expected[voice, "abc".index(turn.speaker)] += 1
    recording = Recording(FeatureConfig(), Spectrum.__new__(Spectrum), FrameGrid(12, 0.1))
    counted = spoken(blocks, labels, recording, reference)
    np.testing.assert_array_equal(counted, expected)
    assert counted.tolist() == [[3, 1, 0], [1, 2, 0], [1, 1, 2]]


def simulated(n: int, slopes: Floats, offset: float, seed: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Draw columns of several scales and places, and answers by the logistic model."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, len(slopes))) / (2 * slopes) + np.arange(len(slopes))
    return features, rng.random(n) < 1 / (1 + np.exp(-(features @ slopes + offset)))


SLOPES, OFFSET = np.array([20.0, 0.5, -1.0, 0.02]), 1.5


def test_the_fit_finds_the_weights_that_data_were_drawn_with() -> None:
    features, same = simulated(40_000, SLOPES, OFFSET, 0)
    slopes, offset = fit(features, same, np.ones(len(same)))
    np.testing.assert_allclose(slopes, SLOPES, rtol=0.15)
    odds, expected = features @ slopes + offset, features @ SLOPES + OFFSET
    assert np.abs(odds - expected).mean() < 0.05


def test_what_weighs_nothing_teaches_nothing() -> None:
    """Answers turned round in half of the rows, which weigh a millionth; weights may have any unit."""
    features, same = simulated(20_000, SLOPES, OFFSET, 1)
    wrong = np.arange(len(same)) % 2 == 0
    weights = np.where(wrong, 1e-6, 1.0)
    slopes, offset = fit(features, same ^ wrong, weights)
    clean = fit(features[~wrong], same[~wrong], np.ones((~wrong).sum()))
    np.testing.assert_allclose(features @ slopes + offset, features @ clean[0] + clean[1], atol=0.02)
    scaled = fit(features, same ^ wrong, 1000 * weights)
    np.testing.assert_allclose(scaled[0], slopes, rtol=1e-4)


def conversations(n: int) -> list[list[Pairs]]:
    """Return conversations with two kinds of marks, named by their numbers in the place of strata."""
    found = []
    for number in range(n):
        parts = [simulated(12 + number, SLOPES, OFFSET, 2 * number + kind) for kind in range(2)]
        found.append([Pairs(x, same, np.full(len(same), 1.0 + number), str(number)) for x, same in parts])
    return found


def test_no_pair_is_judged_by_its_own_fold() -> None:
    """Answers turned round in one fold leave the odds there as they are, and change those of all others."""
    clean = conversations(12)
    odds, same, weights, names = left_out(clean)
    assert len(odds) == sum(len(pairs.same) for found in clean for pairs in found)
    for fold in range(FOLDS):
        parts = [
            [
                Pairs(pairs.features, pairs.same ^ (number % FOLDS == fold), pairs.weights, pairs.stratum)
                for pairs in found
            ]
            for number, found in enumerate(clean)
        ]
        other, turned, _, _ = left_out(parts)
        inside = names.astype(int) % FOLDS == fold
        np.testing.assert_array_equal(turned, same ^ inside)
        np.testing.assert_array_equal(other[inside], odds[inside])
        assert (other[~inside] != odds[~inside]).all()
    np.testing.assert_array_equal(weights, 1.0 + names.astype(int))


def test_odds_are_of_the_pairs_beside_them() -> None:
    clean = conversations(FOLDS)
    odds, same, _, names = left_out(clean)
    for number, found in enumerate(clean):
        others = [pairs for k, other in enumerate(clean) if k != number for pairs in other]
        slopes, offset = fit(*joined(others))
        features, answers, _ = joined(found)
        np.testing.assert_array_equal(odds[names == str(number)], features @ slopes + offset)
        np.testing.assert_array_equal(same[names == str(number)], answers)


def test_settings_are_named_in_the_order_of_the_weights() -> None:
    for column, name in enumerate(NAMES):
        config = GroupingConfig(**{**dict.fromkeys(NAMES, 0.0), name: 3.0})
        assert config.weights == tuple(3.0 * (place == column) for place in range(len(NAMES)))


def test_kept_pairs_come_back_by_recording(tmp_path: Path) -> None:
    """Two kinds of marks of a recording come back as one; a recording without pairs does not come back."""
    found = conversations(4)
    nothing = Pairs(np.zeros((0, len(SLOPES))), np.zeros(0, np.bool_), np.zeros(0), "x")
    save([*found[:2], [nothing], *found[2:]], tmp_path / "pairs.npz")
    back = load(tmp_path / "pairs.npz")
    assert [[pairs.stratum for pairs in parts] for parts in back] == [["0"], ["1"], ["2"], ["3"]]
    for before, after in zip(found, back, strict=True):
        for left, right in zip(joined(before), joined(after), strict=True):
            np.testing.assert_array_equal(left, right)


def test_each_source_counts_the_same() -> None:
    recordings = alike([conversations(9), conversations(3)])
    weights = [sum(pairs.weights.sum() for pairs in found) for found in recordings]
    np.testing.assert_allclose([sum(weights[:9]), sum(weights[9:])], 1.0)
    np.testing.assert_allclose(recordings[1][0].weights / recordings[0][0].weights[0], 2.0)
