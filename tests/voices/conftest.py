"""Voices that are made of numbers, and a recording whose turns are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diarize.annotation import Annotation, Segment
from diarize.audio import Excerpt
from diarize.config import FeatureConfig
from diarize.diarization import Diarization
from diarize.features import FilterBank
from diarize.gmm import MixtureParameters
from diarize.model import BandModel, Model
from diarize.pipeline import Diarizer
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import BlockStatistics, EigenvoiceModel
from diarize.voices.prints import Voiceprint

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


@pytest.fixture(scope="session")
def model() -> Model:
    """Return a model of two bands with two eigenvoice models each, of three components and two factors."""
    rng = np.random.default_rng(0)
    features = FeatureConfig(n_mfcc=4)

    def voices() -> EigenvoiceModel:
        background = MixtureParameters(np.full(3, 1 / 3), rng.normal(size=(3, 4)), np.ones((3, 4)), "diag")
        sessions = SessionModel(np.diag([1.0, 0.7]), np.array([[0.4, 0.1], [0.1, 0.3]]))
        return EigenvoiceModel(
            background.astype(np.float32),
            rng.normal(size=(3, 4, 2)).astype(np.float32),
            np.zeros(2),
            np.eye(2),
            sessions,
        )

    bands = {name: BandModel(features, None, (voices(), voices())) for name in ("wide", "narrow")}  # type: ignore[arg-type]
    return Model(bands, FilterBank.design(features))


def heard(seed: int, seconds: float = 20.0, bands: tuple[str, ...] = ("wide", "narrow")) -> Voiceprint:
    """Return a print for the model of these tests."""
    rng = np.random.default_rng(seed)

    def row() -> BlockStatistics:
        return BlockStatistics(
            rng.uniform(1, 9, (1, 3)).astype(np.float32), rng.normal(scale=5, size=(1, 2)).astype(np.float32)
        )

    return Voiceprint(seconds, {band: (row(), row()) for band in bands})


@pytest.fixture(scope="session")
def halves() -> tuple[Diarization, Diarization]:
    """Return both halves of a dialogue between anna and duncan, as two recordings."""
    path, diarizer = SAMPLES / "dialogue.flac", Diarizer()
    turns = Annotation.from_rttm(SAMPLES / "dialogue.rttm")
    parts = [Segment(0.0, 27.0), Segment(27.0, 54.0)]
    first, second = (
        diarizer.with_turns(Excerpt(path, part.start, part.end), Annotation(turns.crop(part), f"half{number}"))
        for number, part in enumerate(parts)
    )
    return first, second
