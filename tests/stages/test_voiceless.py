"""What is no voice: the cues against plain loops over the frames, the decision by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diarize.config import VoicelessConfig
from diarize.features import SLOPES, Spectrum, SpeechCues, speech_cues
from diarize.gmm import MixtureParameters
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.speakers import BlockStatistics
from diarize.stages.voiceless import is_voice, variety, voice_cues

STEP = 0.01
LENGTHS = np.array([20, 21, 19, 25, 20])
LABELS = np.array([0, 1, 0, 1, 1])
N_FRAMES = 140
MIXTURE = MixtureParameters(
    np.array([0.3, 0.7]), np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([[1.0, 2.0], [1.0, 1.0]])
).astype(np.float32)


def spoken() -> np.ndarray:
    """Return speech in two stretches."""
    speech = np.zeros(N_FRAMES, bool)
    speech[10:70] = speech[80:125] = True
    return speech


def blocks_of(counts: list[np.ndarray], cepstra: np.ndarray | None = None) -> SpeechBlocks:
    """Return blocks whose components were visited so often."""
    cepstra = np.zeros((105, 2)) if cepstra is None else cepstra
    statistics = tuple(BlockStatistics(one.astype(np.float32), np.zeros((len(one), 2), np.float32)) for one in counts)
    return SpeechBlocks(spoken(), cepstra.astype(np.float32), statistics, LENGTHS, np.array([0, 0, 0, 1, 1]), STEP)


def test_variety_is_the_logarithm_of_the_number_of_components_that_are_visited_alike() -> None:
    first = np.array([[5, 5, 0, 0], [0, 0, 9, 0], [5, 5, 0, 0], [0, 0, 1, 0], [0, 0, 7, 0]])
    second = np.array([[1, 1, 1, 1], [3, 0, 0, 0], [2, 2, 2, 2], [0, 3, 0, 0], [0, 0, 0, 0]])
    blocks = blocks_of([first, second])
    assert variety(LABELS, blocks.statistics) == pytest.approx([(log(2) + log(4)) / 2, (0 + log(2)) / 2])


def test_the_cues_are_those_of_a_loop_over_the_frames_of_each_speaker() -> None:
    rng = np.random.default_rng(0)
    cues = SpeechCues(rng.normal(size=(N_FRAMES, 29)).astype(np.float32), np.zeros((14, 29), np.float32))
    blocks = blocks_of([rng.uniform(size=(5, 4))], rng.normal(size=(105, 2)))
    columns, entropies = voice_cues(LABELS, blocks, cues, MIXTURE), variety(LABELS, blocks.statistics)
    owners, places = np.repeat(LABELS, LENGTHS), np.flatnonzero(blocks.speech)
    densities = [
        log(
            0.3 * multivariate_normal.pdf(x, [0, 1], np.diag([1, 2]))
            + 0.7 * multivariate_normal.pdf(x, [2, 0], np.eye(2))
        )
        for x in blocks.cepstra
    ]
    for speaker in (0, 1):
        own = [k for k in range(105) if owners[k] == speaker]
        spread = [np.std([float(cues.frames[places[k], column]) for k in own]) for column in range(14, 27)]
        assert columns[speaker, 0] == pytest.approx(entropies[speaker] - max(entropies))
        assert columns[speaker, 1] == pytest.approx(np.mean([log(one + 1e-3) for one in spread]))
        assert columns[speaker, 2] == pytest.approx(np.std([densities[k] for k in own]), rel=1e-4)


def test_slopes_stand_where_the_cues_have_them() -> None:
    rising = np.repeat(np.linspace(-10.0, -5.0, 100, dtype=np.float32)[:, None], 40, axis=1)
    frames = speech_cues(Spectrum(rising, np.zeros(100, np.float32))).frames
    slopes = frames[50, SLOPES]
    assert len(slopes) == 13
    assert slopes[0] == pytest.approx(3 * 5 / 99, rel=1e-3)  # the level alone rises
    assert slopes[1:] == pytest.approx(np.zeros(12), abs=1e-5)


def test_who_is_more_likely_no_voice_is_none() -> None:
    cues = SpeechCues(np.zeros((N_FRAMES, 29), np.float32), np.zeros((14, 29), np.float32))
    blocks = blocks_of([np.where(LABELS[:, None] == 0, [1, 1, 1, 1], [9, 0, 0, 0])])
    decision = VoicelessConfig(offset=-1.0, variety=-1.0, movement=0.0, unevenness=0.0)  # log 4 is over 1
    assert is_voice(LABELS, blocks, cues, MIXTURE, decision).tolist() == [True, False]
    assert is_voice(LABELS, blocks, cues, MIXTURE, decision.with_(offset=-1.5)).tolist() == [True, True]
    assert is_voice(LABELS, blocks, cues, MIXTURE, decision.with_(offset=0.5)).tolist() == [False, False]


def test_who_is_alone_is_a_voice() -> None:
    cues = SpeechCues(np.zeros((N_FRAMES, 29), np.float32), np.zeros((14, 29), np.float32))
    decision = VoicelessConfig(offset=9.0)
    assert is_voice(np.zeros(5, np.intp), blocks_of([np.ones((5, 4))]), cues, MIXTURE, decision).tolist() == [True]
