"""Training: folders of speech in, a model out."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from diarize.config import Config
from diarize.features import narrowed
from diarize.model import BANDS, BandModel, Model
from diarize.speech import SpeechDetector
from diarize.training.augment import Augmenter
from diarize.training.material import Spool, find_speakers, load_sounds
from diarize.training.speech import Material, train_speech_models
from diarize.training.voices import train_voices

__all__ = ["train"]

Progress = Callable[[str, float], None]

NARROW_LIMIT = 3900.0  # Hz; mel bands of telephone sound end below


def train(
    speech_dir: str | os.PathLike[str],
    *,
    noise_dir: str | os.PathLike[str] | None = None,
    rooms_dir: str | os.PathLike[str] | None = None,
    config: Config | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Model:
    """Train the models of the diarizer.

    Parameters
    ----------
    speech_dir : path
        One folder a speaker, each with recordings in which nobody else speaks.
    noise_dir, rooms_dir : path, optional
        Folders of background sounds without speech, and of room impulse responses; searched in depth.
    config : Config, optional
        `features` and `training` matter here.
    seed : int
        Same material and seed, same model.
    progress : callable, optional
        Called with the name of a step and the fraction of it that is done.

    Returns
    -------
    Model
        For the full band and for the telephone band.

    Raises
    ------
    ModelError
        There is too little speech.
    AudioError
        A file cannot be read.
    """
    config, report = config or Config(), progress or (lambda step, fraction: None)
    people = find_speakers(Path(speech_dir))
    rate = config.features.sample_rate
    noises, rooms = load_sounds(noise_dir, rate), load_sounds(rooms_dir, rate)
    bands = config.features, narrowed(config.features, NARROW_LIMIT)
    with TemporaryDirectory(prefix="diarize-") as folder:
        spool = Spool(Path(folder), bands, config.training.copies)
        augment = Augmenter(rate, rooms, noises)
        for index, person in enumerate(people):
            report("features", 0.4 * index / len(people))
            spool.add(person, augment, np.random.default_rng([seed, 0, index]))
        report("speech detectors", 0.4)
        material = Material(rate, [person.loaders(rate) for person in people], noises, rooms)
        detectors = [
            train_speech_models(material, bands, np.random.default_rng([seed, 1, number]), config.training.scenes)
            for number in range(config.training.detectors)
        ]
        models: dict[str, BandModel] = {}
        for index, (name, features, *members) in enumerate(zip(BANDS, bands, *detectors, strict=True)):
            report(f"{name} band", 0.8 + index / 10)
            voices = train_voices(partial(spool.speakers, index), config.training, np.random.default_rng([seed, 2]))
            models[name] = BandModel(features, SpeechDetector(tuple(members)), voices)
    report("done", 1.0)
    return Model(models)
