"""What a diarization stands on: probabilities against the turns, speakers against sums over the frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.special import expit, logit, logsumexp

from diarize.annotation import Annotation, Segment, Turn
from diarize.audio import Excerpt
from diarize.config import Config, OutputConfig, OverlapConfig
from diarize.diarization import Diarization
from diarize.errors import DiarizeWarning
from diarize.pipeline import Diarizer

SAMPLES = Path(__file__).resolve().parents[1] / "audio_samples"
RATE = 16000
MARKS = [Segment(1.0, 4.0), Segment(5.0, 9.0), Segment(12.0, 20.0)]
Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def dialogue() -> Samples:
    """Return 25 s with both speakers."""
    return np.asarray(soundfile.read(SAMPLES / "dialogue.flac", frames=25 * RATE, dtype="float32")[0])


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    """Return one that finds overlap, and says all that it finds without joining any turns."""
    return Diarizer(Config(overlap=OverlapConfig(bias=0.0), output=OutputConfig(max_pause=0.0)))


@pytest.fixture(scope="module")
def diarization(diarizer: Diarizer) -> Diarization:
    """Return that of a recording with four speakers and some overlap."""
    return diarizer.diarize(SAMPLES / "meeting.flac")


@pytest.fixture(scope="module")
def plain(dialogue: Samples) -> Diarization:
    """Return that of two speakers, without overlap."""
    return Diarizer("fast").diarize((dialogue, RATE), uri="talk")


def talking(diarization: Diarization) -> npt.NDArray[np.bool_]:
    """Return who talks in each frame, (n_frames, n_speakers), by the turns."""
    annotation = diarization.annotation
    return np.stack(
        [
            diarization.frames.mask([turn.segment for turn in annotation if turn.speaker == name])
            for name in diarization.names
        ],
        axis=1,
    )


def test_calling_the_diarizer_gives_the_annotation_alone(dialogue: Samples, plain: Diarization) -> None:
    annotation = Diarizer("fast")((dialogue, RATE), uri="talk")
    assert isinstance(annotation, Annotation)
    assert annotation == plain.annotation
    assert annotation.uri == "talk"


def test_arguments_reach_the_diarization(dialogue: Samples, plain: Diarization) -> None:
    given = Diarizer("fast").diarize((dialogue, RATE), num_speakers=3, speech=MARKS, uri="x")
    assert len(given.names) == 3
    assert given.annotation == Diarizer("fast")((dialogue, RATE), num_speakers=3, speech=MARKS, uri="x")
    assert given.annotation != plain.annotation


def test_posteriors_sum_to_one_where_there_is_speech_and_are_zero_elsewhere(diarization: Diarization) -> None:
    posterior, speech = diarization.posterior, diarization.detection.speech
    assert posterior.shape == (diarization.frames.n_frames, len(diarization.names))
    assert speech.any()
    assert not speech.all()
    np.testing.assert_allclose(posterior[speech].sum(axis=1), 1)
    np.testing.assert_array_equal(posterior[~speech], 0.0)
    assert posterior.min() >= 0


@pytest.mark.parametrize("which", ["plain", "diarization"])
def test_columns_are_in_the_order_of_the_names(which: str, request: pytest.FixtureRequest) -> None:
    """Where one speaks alone, that speaker's column is the largest, but for turns that were too short."""
    given: Diarization = request.getfixturevalue(which)
    turns, posterior = talking(given), given.posterior
    assert set(given.names) == set(given.annotation.labels)
    for column in range(len(given.names)):
        alone = turns[:, column] & (turns.sum(axis=1) == 1)
        assert alone.sum() > 20
        assert np.mean(posterior[alone].argmax(axis=1) == column) > 0.9


def test_turns_are_as_sure_as_the_calibrated_posteriors_of_their_frames(plain: Diarization) -> None:
    output, edges = plain.config.output, plain.frames.edges
    middles = (edges[:-1] + edges[1:]) / 2
    for turn in plain.annotation:
        inside = (middles > turn.start) & (middles < turn.end)
        posterior = plain.posterior[inside, plain.names.index(turn.speaker)]
        odds = output.confidence_slope * logit(np.clip(posterior, 0.01, 0.99)) + output.confidence_offset
        assert turn.confidence == pytest.approx(expit(odds).mean())


def test_speech_probability_agrees_with_what_was_decided(diarization: Diarization) -> None:
    probability, speech = diarization.speech_probability, diarization.detection.speech
    assert probability.shape == speech.shape == (diarization.frames.n_frames,)
    assert probability.min() >= 0
    assert probability.max() <= 1
    assert np.mean((probability > 0.5) == speech) > 0.98
    assert probability[speech].mean() > 0.9
    assert probability[~speech].mean() < 0.1
    np.testing.assert_array_equal(talking(diarization).any(axis=1), speech)


def test_speech_that_was_marked_is_certain(dialogue: Samples) -> None:
    given = Diarizer("fast").diarize((dialogue, RATE), speech=MARKS)
    np.testing.assert_array_equal(given.speech_probability, given.frames.mask(MARKS).astype(float))
    assert given.posterior[given.frames.mask(MARKS)].sum() == pytest.approx(given.frames.mask(MARKS).sum())


def test_overlap_is_probable_where_two_have_turns(diarization: Diarization) -> None:
    probability = diarization.overlap_probability
    assert probability.shape == (diarization.frames.n_frames,)
    assert probability.max() > 0.5
    assert probability.min() == 0
    assert probability.max() <= 1
    np.testing.assert_array_equal(probability > 0, talking(diarization).sum(axis=1) == 2)
    assert (probability[~diarization.detection.speech] == 0).all()


def test_no_overlap_where_none_was_looked_for(plain: Diarization) -> None:
    assert plain.overlap is None
    np.testing.assert_array_equal(plain.overlap_probability, np.zeros(plain.frames.n_frames))
    assert plain.annotation.overlap() == []


@pytest.fixture(scope="module")
def sums(plain: Diarization) -> list[tuple[Floats, Floats]]:
    """Return zeroth-order and projected first-order statistics of the speakers for each model, eq. (6) and (16).

    From the frames, component by component.
    """
    assert plain.blocks is not None
    x, shares = plain.blocks.cepstra.astype(float), plain.posterior[plain.detection.speech]
    totals = []
    for voices in plain.band.voices:
        background = voices.background.astype(np.float64)
        means, variances = background.means, background.covariances
        whitened = [(x - mean) / np.sqrt(variance) for mean, variance in zip(means, variances, strict=True)]
        joint = np.log(background.weights) - 0.5 * np.transpose([(frames**2).sum(axis=1) for frames in whitened])
        joint -= 0.5 * np.log(2 * np.pi * variances).sum(axis=1)
        gamma = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        projected = np.zeros((len(plain.names), voices.n_voices))
        for k, frames in enumerate(whitened):
            projected += (shares * gamma[:, k, None]).T @ frames @ voices.voices[k]
        totals.append((shares.T @ gamma, projected))
    return totals


def test_statistics_are_sums_over_the_frames_by_their_posteriors(
    plain: Diarization, sums: list[tuple[Floats, Floats]]
) -> None:
    assert len(plain.statistics) == len(plain.band.voices) > 1
    for statistics, (counts, projected) in zip(plain.statistics, sums, strict=True):
        np.testing.assert_allclose(statistics.counts, counts, rtol=1e-3, atol=0.02)
        np.testing.assert_allclose(statistics.projected, projected, rtol=1e-3, atol=0.1)


def test_factors_are_those_of_the_speakers_statistics(plain: Diarization, sums: list[tuple[Floats, Floats]]) -> None:
    """Eq. (15) written out, with F_B by the length of the speech."""
    settings = plain.config.speakers
    seconds = plain.detection.speech.sum() * plain.config.features.frame_step
    growing = settings.min_prior + (settings.prior - settings.min_prior) * seconds / settings.reference
    prior = min(growing, settings.max_prior)
    ratio = settings.acoustic_scale / prior
    for factors, voices, (counts, projected) in zip(plain.factors, plain.band.voices, sums, strict=True):
        for speaker in range(len(plain.names)):
            stacked = (np.sqrt(counts[speaker])[:, None, None] * voices.voices).reshape(-1, voices.n_voices)
            precision = np.eye(voices.n_voices) + ratio * stacked.T @ stacked
            mean = np.linalg.solve(precision, ratio * projected[speaker])
            np.testing.assert_allclose(factors.covariances[speaker], np.linalg.inv(precision), rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(factors.means[speaker], mean, rtol=1e-3, atol=2e-3)


def test_names_may_be_anything(dialogue: Samples, plain: Diarization) -> None:
    named = Diarizer("fast").diarize((dialogue, RATE), uri="talk", name=lambda number: "ABC"[number - 1])
    usual = {"speaker1": "A", "speaker2": "B", "speaker3": "C"}
    assert named.names == tuple(usual[name] for name in plain.names)
    turns = [Turn(turn.start, turn.end, usual[turn.speaker], turn.confidence) for turn in plain.annotation]
    assert named.annotation == Annotation(turns, "talk")
    np.testing.assert_array_equal(named.posterior, plain.posterior)


def test_a_recording_without_speech_has_no_speakers() -> None:
    with pytest.warns(DiarizeWarning, match="no speech was found"):
        empty = Diarizer().diarize((np.zeros(2 * RATE), RATE), uri="quiet")
    n_frames = empty.frames.n_frames
    assert n_frames == 198
    assert empty.annotation == Annotation((), "quiet")
    assert (empty.names, empty.blocks, empty.outcome, empty.overlap) == ((), None, None, None)
    assert empty.posterior.shape == (n_frames, 0)
    assert empty.factors == empty.statistics == ()
    assert empty.speech_probability.shape == (n_frames,)
    assert empty.speech_probability.max() < 0.5
    np.testing.assert_array_equal(empty.overlap_probability, np.zeros(n_frames))


def test_marks_without_speech_have_no_speakers(dialogue: Samples) -> None:
    with pytest.warns(DiarizeWarning, match="no speech is marked"):
        empty = Diarizer("fast").diarize((dialogue, RATE), speech=[])
    np.testing.assert_array_equal(empty.speech_probability, np.zeros(empty.frames.n_frames))
    assert empty.posterior.shape == (empty.frames.n_frames, 0)


def test_it_knows_its_models_and_settings(diarizer: Diarizer, diarization: Diarization) -> None:
    assert diarization.model is diarizer.model
    assert diarization.band is diarizer.model.bands["wide"]
    assert diarization.config is diarizer.config
    assert Diarizer("fast").diarize(SAMPLES / "call.flac").band is diarizer.model.bands["narrow"]


def test_it_shows_in_one_line_what_it_is() -> None:
    noise = np.random.default_rng(0).normal(scale=0.01, size=32000)
    result = Diarizer("fast").diarize((noise, 16000), speech=[Segment(0.5, 1.5)], num_speakers=1, uri="talk")
    assert repr(result) == "<Diarization of 'talk': 1 turn of 1 speaker in 2.0 s>"


def test_an_excerpt_is_said_to_last_up_to_its_end(dialogue: Samples) -> None:
    found = Diarizer("fast").diarize(Excerpt((dialogue, RATE), 10.0, 22.0), uri="talk")
    assert found.about().duration == 22.0  # its turns have the times of the whole recording
    assert all(10 <= turn.start < turn.end <= 22 for turn in found.annotation)


def test_other_names_are_those_of_turns_columns_and_legs(plain: Diarization) -> None:
    call = replace(plain, legs=(plain,), ratios={"anna": 3.0})
    renamed = call.renamed({"speaker2": "anna"})
    assert renamed.names == tuple("anna" if name == "speaker2" else name for name in plain.names)
    assert renamed.annotation.durations() == {
        "anna": plain.annotation.durations()["speaker2"],
        "speaker1": plain.annotation.durations()["speaker1"],
    }
    assert renamed.legs[0].annotation == renamed.annotation
    assert renamed.about().ratios == {"anna": 3.0}


def test_turns_that_are_given_stay_and_speech_is_found(dialogue: Samples) -> None:
    turns = Annotation([Turn(1.0, 9.0, "anna"), Turn(9.0, 20.0, "ben")], "talk")
    known = Diarizer("fast").with_turns((dialogue, RATE), turns)
    assert (known.annotation, known.names) == (turns, ("anna", "ben"))
    assert known.recording is not None
    assert known.detection.speech.shape == (known.frames.n_frames,)
    assert 0.5 < known.detection.speech.mean() < 1
