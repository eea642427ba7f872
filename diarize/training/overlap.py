"""Training of the overlap model on composed conversations, with speakers found in them by the diarizer itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from diarize.config import Config
from diarize.errors import ModelError
from diarize.gmm import GaussianMixtureSelector, MixtureParameters
from diarize.model import BandModel
from diarize.stages.blocks import cut_blocks
from diarize.stages.limits import Limits
from diarize.stages.overlap import OverlapModel, compare_speakers
from diarize.stages.overlap_cues import CELL, overlap_cues
from diarize.stages.recording import analyse
from diarize.stages.vbhmm import infer
from diarize.training.scenes import Material, Samples, Voice, add_events, background
from diarize.training.voices import discriminants

Counts = npt.NDArray[np.int8]
Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SECONDS = 40.0  # of a conversation
_OVERLAP = 0.7  # share of the turns that begin before the last one ends
_LEAD = 2.0  # s; mean time by which they do
_ATTEMPTS = 500  # utterances of a conversation at most, those without sound included
_COMPONENTS = 8  # Gaussians of a class at most, along the one direction that tells two classes apart
_ROWS = 20_000  # of a class that the mixture is fitted to, at most


def train_overlap(material: Material, band: BandModel, config: Config, seed: int = 0) -> OverlapModel:
    """Train on conversations in which it is known who speaks when, but in which the speakers are found.

    Parameters
    ----------
    material : Material
        At the sample rate of the band.
    band : BandModel
        Finds the speakers, and describes the sound.
    config : Config
        `training.overlap_scenes` conversations are composed.
    seed : int
        Same material, band and seed, same model.

    Raises
    ------
    ModelError
        There is too little overlap, or too little else.
    """
    config = config.with_(clustering=config.clustering.with_(starts=1))
    band = replace(band, voices=band.voices[:1])
    jobs = min(cpu_count(), config.training.overlap_scenes)
    parts = np.array_split(np.arange(config.training.overlap_scenes), jobs)
    found = Parallel(n_jobs=jobs)(delayed(_cells_of_all)(material, band, config, seed, part) for part in parts)
    columns, double = (np.concatenate(rows) for rows in zip(*found, strict=True))
    if min(double.sum(), (~double).sum()) < 20 * _COMPONENTS:
        raise ModelError(
            f"{double.sum()} cells of overlap and {(~double).sum()} without teach too little; "
            "give more speech, or raise training.overlap_scenes"
        )
    centre, axes = discriminants(columns, double.astype(np.intp))
    projection = axes[:, :1].astype(np.float32)
    rows = (columns - centre.astype(np.float32)) @ projection
    return OverlapModel(centre.astype(np.float32), projection, _mixture(rows[~double]), _mixture(rows[double]))


def _mixture(rows: Features) -> MixtureParameters:
    """Fit a mixture to evenly drawn rows of a class, with as many Gaussians as BIC says."""
    drawn = rows[np.linspace(0, len(rows) - 1, min(len(rows), _ROWS)).astype(np.intp)]
    selector = GaussianMixtureSelector(
        _COMPONENTS, covariance_types="diag", init_params="kmeans", n_init=1, tol=1e-4, reg_covar=1e-3, random_state=0
    )
    return selector.fit(drawn).best_estimator_.parameters_.astype(np.float32)


def _cells_of_all(
    material: Material, band: BandModel, config: Config, seed: int, numbers: npt.NDArray[np.intp]
) -> tuple[Features, Mask]:
    """Return what `cells_of` does for several conversations together."""
    with threadpool_limits(1):
        found = [
            cells_of(*compose_conversation(material, np.random.default_rng([seed, 3, int(number)])), band, config)
            for number in numbers
        ]
    return np.concatenate([columns for columns, _ in found]), np.concatenate([double for _, double in found])


def cells_of(sound: Samples, talking: Counts, band: BandModel, config: Config) -> tuple[Features, Mask]:
    """Return the columns of the cells in which one speaks all the time, or more than one, and which those are.

    Parameters
    ----------
    sound, talking
        As `compose_conversation` returns them.
    band : BandModel
    config : Config

    Returns
    -------
    columns : array of shape (n_cells, n_columns), float32
    double : array of bool, shape (n_cells,)
        Both empty where fewer than two speakers are found.
    """
    rate = band.features.sample_rate
    recording = analyse((sound, rate), band.features)
    edges = recording.frames.edges
    middles = ((edges[:-1] + edges[1:]) / 2 * rate).astype(np.intp)
    count = talking[np.minimum(middles, len(talking) - 1)]
    speech, width = count > 0, 2 * recording.cues.frames.shape[1]
    nothing = np.zeros((0, 2 * width + 15), np.float32), np.zeros(0, np.bool_)
    if not speech.any():
        return nothing
    blocks = cut_blocks(recording, speech, band.voices, config.speakers.block)
    outcome = infer(blocks, band.voices, Limits(), config)
    if outcome.n_speakers < 2:
        return nothing
    evidence = compare_speakers(blocks, outcome, band.voices[0], config.speakers)
    labels = blocks.over_frames(outcome.labels, -1)
    columns = np.concatenate(list(overlap_cues(recording.cues.frames, evidence, labels, band.features.frame_step)))
    cells = np.pad(count, (0, -len(count) % CELL)).reshape(-1, CELL)
    single, double = np.asarray((cells == 1).all(axis=1)), np.asarray((cells > 1).all(axis=1))
    return columns[single | double], double[single | double]


def compose_conversation(material: Material, rng: np.random.Generator) -> tuple[Samples, Counts]:
    """Compose a conversation of two to five people who often speak at once, as loud as each other within 6 dB.

    Returns
    -------
    samples : array of shape (n_samples,)
    talking : array of shape (n_samples,)
        How many people speak.
    """
    n_samples = material.n_samples(_SECONDS)
    people = [person for person in material.speakers if len(person)]
    chosen = rng.choice(len(people), min(int(rng.integers(2, 6)), len(people)), replace=False)
    voices = []
    for one in chosen:
        utterances = [cache(load) for load in people[one]]  # of which each is heard several times
        voice = Voice.draw(replace(material, speakers=[utterances]), rng)
        voices.append(replace(voice, gain=rng.uniform(-3.0, 3.0)))
    sound, talking = np.zeros(n_samples, np.float32), np.zeros((len(voices), n_samples), np.bool_)
    in_room, at, last = rng.random() < 0.6, material.n_samples(rng.uniform(0.0, 1.0)), -1
    length = 0
    for _ in range(_ATTEMPTS):
        if at > n_samples - material.n_samples(0.5):
            break
        speaker = int(rng.choice([one for one in range(len(voices)) if one != last or len(voices) == 1]))
        utterance, marks = voices[speaker].speak(material, in_room, rng)
        spoken = np.flatnonzero(marks)
        if len(spoken):
            utterance, marks = utterance[spoken[0] :], marks[spoken[0] : spoken[-1] + 1]
            if last >= 0 and rng.random() < _OVERLAP:
                at = max(0, at - min(material.n_samples(rng.exponential(_LEAD)), int(0.7 * length)))
            elif last >= 0:
                at += material.n_samples(rng.exponential(0.5))
            sound[at : at + len(utterance)] += utterance[: max(0, n_samples - at)]
            talking[speaker, at : at + len(marks)] |= marks[: max(0, n_samples - at)]
            last, length = speaker, len(marks)
            at += length
    sound += background(material, n_samples, rng)
    add_events(sound, material, rng)
    sound *= np.float32(10 ** (rng.uniform(-15.0, 10.0) / 20))
    return sound, talking.sum(axis=0, dtype=np.int8)
