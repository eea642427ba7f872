"""A whole training, step by step: detectors, voices, overlap."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from diarize.config import Config, FeatureConfig
from diarize.errors import ModelError
from diarize.features import FilterBank, narrowed
from diarize.model import BANDS, BandModel, Model
from diarize.progress import Progress, watched
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.speech import SpeechDetector
from diarize.training.augment import Augmenter
from diarize.training.material import Material, Person, load_sounds, people_in, session_of
from diarize.training.overlap import train_overlap
from diarize.training.sessions import with_sessions
from diarize.training.speech import train_speech_models
from diarize.training.spool import Spool, Talker
from diarize.training.voices import train_voices

NARROW_LIMIT = 3900.0  # Hz; mel bands of telephone sound end below


def train(
    *speech_dirs: str | os.PathLike[str],
    noise_dir: str | os.PathLike[str] | None = None,
    rooms_dir: str | os.PathLike[str] | None = None,
    config: Config | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Model:
    """Train the models of the diarizer.

    Parameters
    ----------
    *speech_dirs : path
        One folder a speaker, each with recordings in which nobody else speaks. The part of a file's name before `__` is
        its session: recordings of one speaker on other days, by other microphones, in other moods. The same name in two
        folders means two speakers.
    noise_dir, rooms_dir : path, optional
        Folders of background sounds without speech, and of room impulse responses; searched in depth.
    config : Config, optional
        `features` and `training` matter here.
    seed : int
        Same material and seed, same model.
    progress : callable, optional
        Called with the name of a step and the fraction of the work that is done; it ends the work by returning False.

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
    Cancelled
        `progress` returned False.
    """
    config = config or Config()
    with watched(progress) as report:
        people = _everyone(speech_dirs)
        rate = config.features.sample_rate
        noises, rooms = load_sounds(noise_dir, rate), load_sounds(rooms_dir, rate)
        bands = config.features, narrowed(config.features, NARROW_LIMIT)
        material = Material(rate, [person.loaders(rate) for person in people], noises, rooms)
        report("speech detectors", 0.0)
        detectors = [
            train_speech_models(material, bands, np.random.default_rng([seed, 1, number]), config.training.scenes)
            for number in range(config.training.detectors)
        ]
        count = config.training.ensemble
        train_one = delayed(_voices)
        jobs = (
            train_one(people, bands, noise_dir, rooms_dir, config, seed * count + number) for number in range(count)
        )
        members = []
        for voices in Parallel(n_jobs=min(count, cpu_count()), return_as="generator")(jobs):
            members.append(voices)
            report("voices", 0.2 + 0.7 * len(members) / count)
        models: dict[str, BandModel] = {}
        for name, features, speech, voices in zip(
            BANDS, bands, zip(*detectors, strict=True), zip(*members, strict=True), strict=True
        ):
            models[name] = BandModel(features, SpeechDetector(speech), voices)
        if config.training.overlap_scenes:  # in the full band alone: on the telephone each speaker has a line
            report("overlap", 0.9)
            models["wide"] = replace(models["wide"], overlap=train_overlap(material, models["wide"], config, seed))
        report("done", 1.0)
        return Model(models, FilterBank.design(config.features))


def learn_sessions(
    model: Model,
    *speech_dirs: str | os.PathLike[str],
    noise_dir: str | os.PathLike[str] | None = None,
    rooms_dir: str | os.PathLike[str] | None = None,
    config: Config | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Model:
    """Return a trained model that has learnt, from other speech, how one voice differs between sessions.

    Parameters
    ----------
    model : Model
        Its eigenvoices stay as they are.
    speech_dirs : path
        One folder a speaker, in files whose names carry the session.
    noise_dir, rooms_dir, config, seed, progress
        As for `train`.

    Raises
    ------
    ModelError
        No speaker has speech of two sessions, or enough of it.
    AudioError
        A file cannot be read.
    Cancelled
        `progress` returned False.
    """
    config = config or Config()
    with watched(progress) as report:
        people = _everyone(speech_dirs)
        if not any(len({session_of(path) for path in person.files}) > 1 for person in people):
            raise ModelError("no speaker has two sessions: the part of a file's name before __ is its session")
        features = [band.features for band in model.bands.values()]
        members: dict[str, list[EigenvoiceModel]] = {name: [] for name in model.bands}
        augment, scale = _augmenter(features[0], noise_dir, rooms_dir), config.speakers.acoustic_scale
        count = max(len(band.voices) for band in model.bands.values())
        for number in range(count):
            report("sessions", number / count)
            with _spooled(people, features, augment, config.training.copies, seed * count + number) as spool:
                for index, (name, band) in enumerate(model.bands.items()):
                    if number < len(band.voices):
                        before = band.voices[number]
                        members[name].append(with_sessions(before, partial(spool.talkers, index), scale))
                        if members[name][-1] is before:
                            raise ModelError("no speaker has two sessions with enough speech; give longer recordings")
        report("done", 1.0)
        taught = {name: replace(band, voices=tuple(members[name])) for name, band in model.bands.items()}
        return replace(model, bands=taught)


def _everyone(speech_dirs: Iterable[str | os.PathLike[str]]) -> list[Person]:
    return [person for folder in speech_dirs for person in people_in(Path(folder))]


def _augmenter(
    features: FeatureConfig, noise_dir: str | os.PathLike[str] | None, rooms_dir: str | os.PathLike[str] | None
) -> Augmenter:
    rate = features.sample_rate
    return Augmenter(rate, load_sounds(rooms_dir, rate), load_sounds(noise_dir, rate))


@contextmanager
def _spooled(
    people: Sequence[Person], bands: Sequence[FeatureConfig], augment: Augmenter, n_copies: int, seed: int
) -> Iterator[Spool]:
    """Give a spool of the features of people and of their disturbed copies, on disk until the end."""
    with TemporaryDirectory(prefix="diarize-") as folder, threadpool_limits(1):
        spool = Spool(Path(folder), bands, n_copies)
        for index, person in enumerate(people):
            spool.add(person, augment, np.random.default_rng([seed, 0, index]))
        yield spool


def _voices(
    people: Sequence[Person],
    bands: Sequence[FeatureConfig],
    noise_dir: str | os.PathLike[str] | None,
    rooms_dir: str | os.PathLike[str] | None,
    config: Config,
    seed: int,
) -> list[EigenvoiceModel]:
    """Train an eigenvoice model for each band, from copies that no other member of the ensemble sees."""
    augment = _augmenter(bands[0], noise_dir, rooms_dir)
    with _spooled(people, bands, augment, config.training.copies, seed) as spool:
        return [_voices_of(partial(spool.talkers, index), config, seed) for index in range(len(bands))]


def _voices_of(talkers: Callable[[], Iterable[Talker]], config: Config, seed: int) -> EigenvoiceModel:
    """Train the eigenvoices of one band, then what sessions do to them."""
    rng = np.random.default_rng([seed, 2])
    model = train_voices(lambda: (talker.copies for talker in talkers()), config.training, rng)
    return with_sessions(model, talkers, config.speakers.acoustic_scale)
