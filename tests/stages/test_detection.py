"""Detection: probabilities against sums over all paths, the decision against the most probable of them, durations."""

from __future__ import annotations

from itertools import groupby, product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.special import logsumexp

from diarize import hmm
from diarize.config import FeatureConfig, SpeechConfig
from diarize.errors import ModelError
from diarize.features import Spectrum, grid
from diarize.gmm import MixtureParameters
from diarize.model import builtin_model
from diarize.stages.detection import Detection, alternation, detect_speech
from diarize.stages.recording import Recording, analyse
from diarize.stages.speech import SpeechDetector, SpeechModel

DIALOGUE = Path(__file__).resolve().parents[2] / "audio_samples" / "dialogue.flac"
RATE = 16000
Floats = npt.NDArray[np.float64]


def paths_with_minimum_durations(n_frames: int, change: float, least: tuple[int, int]) -> dict[tuple[int, ...], float]:
    """Return the log probability of each path: stretches last their minimum, but for the last, and then stay or go."""
    paths = {}
    for path in product(range(2), repeat=n_frames):
        stretches = [(label, len(list(frames))) for label, frames in groupby(path)]
        if all(length >= least[label] for label, length in stretches[:-1]):
            stays = sum(max(length - least[label], 0) for label, length in stretches)
            paths[path] = np.log(0.5) + stays * np.log(1 - change) + (len(stretches) - 1) * np.log(change)
    return paths


@pytest.mark.parametrize("least", [(1, 1), (2, 3), (3, 1)])
@pytest.mark.parametrize("change", [0.025, 0.3])
def test_probability_is_the_sum_over_all_paths(least: tuple[int, int], change: float) -> None:
    evidence = np.random.default_rng(sum(least)).normal(0, 1.5, (9, 2))
    chain = hmm.MinimumDuration(alternation(change), np.array(least))
    joint = {
        path: weight + evidence[np.arange(9), path].sum()
        for path, weight in paths_with_minimum_durations(9, change, least).items()
    }
    total = logsumexp(list(joint.values()))
    expected = [sum(np.exp(value - total) for path, value in joint.items() if path[t] == 1) for t in range(9)]
    probability = Detection(np.zeros(9, bool), evidence, chain).probability
    np.testing.assert_allclose(probability, expected, atol=1e-9)


def test_marks_are_certain() -> None:
    marks = np.array([False, True, True, False])
    np.testing.assert_array_equal(Detection(marks).probability, [0.0, 1.0, 1.0, 0.0])
    assert Detection(np.zeros(0, bool)).probability.shape == (0,)


def test_labels_take_turns() -> None:
    chain = alternation(0.1)
    np.testing.assert_allclose(chain.start, 0.5)
    np.testing.assert_allclose(chain.transitions, [[0.9, 0.1], [0.1, 0.9]])


def spectrum_of(levels: Floats, n_mels: int = 40) -> Recording:
    """Return a recording whose bands are all at these levels."""
    log_mel = np.repeat(levels.astype(np.float32)[:, None], n_mels, axis=1)
    features = FeatureConfig(n_mels=n_mels)
    harmonicity = np.full(len(levels), 0.1, np.float32)
    frames = grid(len(levels), features, len(levels) * 0.01 + 0.015)
    return Recording(features, Spectrum(log_mel, harmonicity), frames)


def by_level(n_mels: int = 40) -> SpeechDetector:
    """Return a detector that looks at nothing but the level above the quiet moments: 0 for background, 6 for speech."""
    wide = np.full((1, 29), 1e6)
    wide[0, 0] = 4.0
    low, high = np.zeros((1, 29)), np.zeros((1, 29))
    high[0, 0] = 6.0
    background, speech = (MixtureParameters([1.0], means, wide).astype(np.float32) for means in (low, high))
    anything = MixtureParameters([1.0], np.zeros((1, 29)), np.full((1, 29), 1e6)).astype(np.float32)
    return SpeechDetector((SpeechModel(background, speech, anything, anything, n_mels),))


def test_what_is_loud_is_speech_where_the_model_says_so() -> None:
    levels = np.repeat([-12.0, -6.0, -12.0, -6.0, -12.0], [200, 100, 100, 300, 200])
    detection = detect_speech(spectrum_of(levels), by_level(), SpeechConfig())
    np.testing.assert_array_equal(detection.speech, levels > -9)
    assert detection.probability[levels > -9].min() > 0.5
    assert detection.probability[levels < -9].max() < 0.5


def test_what_lasts_too_short_is_passed_over() -> None:
    levels = np.repeat([-12.0, -6.0, -12.0, -6.0, -12.0, -6.0, -12.0], [200, 10, 200, 150, 10, 150, 200])
    detection = detect_speech(spectrum_of(levels), by_level(), SpeechConfig(min_speech=0.3, min_silence=0.3))
    edges = np.flatnonzero(np.diff(detection.speech)) + 1
    np.testing.assert_array_equal(edges, [410, 720])


def test_the_bias_favours_speech() -> None:
    levels = np.repeat([-12.0, -9.5, -6.0], [400, 200, 200])
    shares = [
        detect_speech(spectrum_of(levels), by_level(), SpeechConfig(bias=bias)).speech.mean() for bias in (-4, 0, 4)
    ]
    assert shares[0] <= shares[1] <= shares[2]
    assert shares[0] < shares[2]


def test_the_evidence_is_that_of_models_adapted_to_the_recording() -> None:
    """By the formula of MAP: the means of both classes follow the first decision, which is made without durations.

    It changes twice as easily: two changes cost 2 log (0.95 / 0.05) = 5.9 nats, and not 2 log (0.975 / 0.025) = 7.3.
    The short stretches are worth 15 (0.45 + 0.01) = 6.9 nats, speech by that, and 12 (0.45 + 0.01) = 5.5, no speech.
    """
    lengths = [300, 15, 100, 12, 100, 400, 300]
    levels = np.repeat([-12.0, -6.0, -12.0, -6.0, -12.0, -6.0, -12.0], lengths)
    first = np.repeat([False, True, False, False, False, True, False], lengths)
    recording = spectrum_of(levels)
    detection = detect_speech(recording, by_level(), SpeechConfig(acoustic_scale=0.1, bias=0.1, stay=0.975))
    assert detection.evidence is not None
    cues = recording.cues.frames.astype(float)
    moved = []
    for mean, frames in ((0.0, cues[~first]), (6.0, cues[first])):
        weight = len(frames) / (len(frames) + 300)
        moved.append([weight * x.mean() + (1 - weight) * m for x, m in zip(frames.T, [mean] + [0.0] * 28, strict=True)])
    scale = np.array([4.0] + [1e6] * 28)
    densities = [-0.5 * np.sum((cues - mean) ** 2 / scale + np.log(2 * np.pi * scale), axis=1) for mean in moved]
    expected = 0.1 * (densities[1] + 0.1 - densities[0])
    np.testing.assert_allclose(np.diff(detection.evidence, axis=1)[:, 0], expected, atol=1e-3)


def test_detected_speech_and_pauses_last_as_long_as_they_have_to() -> None:
    samples, _ = soundfile.read(DIALOGUE, frames=25 * RATE, dtype="float32")
    band = builtin_model().bands["wide"]
    recording = analyse((samples, RATE), band.features)
    speech = detect_speech(recording, band.speech, SpeechConfig(min_speech=0.5, min_silence=0.4)).speech
    edges = np.flatnonzero(np.diff(speech))
    lengths = np.diff(edges)[:-1]  # without the stretches at both ends
    first_is_speech = bool(speech[edges[0] + 1])
    assert len(lengths) > 3
    assert lengths[0 if first_is_speech else 1 :: 2].min() >= 50
    assert lengths[1 if first_is_speech else 0 :: 2].min() >= 40


def test_another_filter_bank_is_an_error() -> None:
    with pytest.raises(ModelError, match="trained on 40 mel bands, the recording has 30"):
        detect_speech(spectrum_of(np.zeros(10), n_mels=30), by_level(), SpeechConfig())


def test_dismissed_frames_are_no_speech_and_stay_so() -> None:
    evidence = np.random.default_rng(0).normal(0, 1.5, (9, 2))
    whole = Detection(np.arange(9) > 1, evidence, hmm.MinimumDuration(alternation(0.1), np.ones(2, np.intp)))
    first, second = np.arange(9) == 3, np.arange(9) > 6
    rest = whole.dismiss(first).dismiss(second)
    assert rest.speech.tolist() == [False, False, True, False, True, True, True, False, False]
    assert not rest.probability[first | second].any()
    np.testing.assert_array_equal(rest.probability[[0, 1, 2, 4, 5, 6]], whole.probability[[0, 1, 2, 4, 5, 6]])


def test_what_a_person_said_is_sure_and_the_rest_stays_as_it_was_heard() -> None:
    evidence = np.random.default_rng(0).normal(0, 1.5, (9, 2))
    whole = Detection(np.arange(9) > 1, evidence, hmm.MinimumDuration(alternation(0.1), np.ones(2, np.intp)))
    certain, speech = np.arange(9) < 4, whole.speech.copy()
    speech[:4] = [True, False, True, False]
    told = whole.told(speech, certain)
    np.testing.assert_array_equal(told.probability, [1, 0, 1, 0, *whole.probability[4:]])
    kept = Detection.from_arrays(dict(whole.arrays())).told(speech, certain)
    np.testing.assert_allclose(kept.probability, told.probability, atol=1e-3)
