"""Training of the overlap model on composed conversations, in which the diarizer itself finds the speakers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from diarize.config import Config
from diarize.errors import ModelError
from diarize.gmm import GaussianMixtureSelector, MixtureParameters
from diarize.model import BandModel
from diarize.stages.blocks import cut_blocks
from diarize.stages.limits import UNLIMITED
from diarize.stages.overlap import OverlapModel, compare_speakers
from diarize.stages.overlap_cues import CELL, overlap_cues
from diarize.stages.recording import analyse
from diarize.stages.vbhmm import infer
from diarize.training.conversations import Counts, compose_conversation
from diarize.training.material import ROWS_EACH, Material
from diarize.training.voices import discriminants

Samples = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_COMPONENTS = 8  # Gaussians of a class at most, along the one direction that tells two classes apart
_SPEAKER_COLUMNS = 15  # of `overlap_cues`, beside mean and deviation of the frames over two windows
_ROWS = 20_000  # of a class at most that its mixture is fitted to


def train_overlap(material: Material, band: BandModel, config: Config, seed: int = 0) -> OverlapModel:
    """Train on conversations in which it is known who speaks when, with speakers as the diarizer finds them.

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
    cells = Parallel(n_jobs=jobs)(delayed(_cells_of_all)(material, band, config, seed, part) for part in parts)
    columns, double = (np.concatenate(rows) for rows in zip(*cells, strict=True))
    if min(double.sum(), (~double).sum()) < ROWS_EACH * _COMPONENTS:
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
        cells = [
            cells_of(*compose_conversation(material, np.random.default_rng([seed, 3, int(number)])), band, config)
            for number in numbers
        ]
    return np.concatenate([columns for columns, _ in cells]), np.concatenate([double for _, double in cells])


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
        Both empty where the diarizer finds fewer than two speakers.
    """
    rate = band.features.sample_rate
    recording = analyse((sound, rate), band.features)
    edges = recording.frames.edges
    middles = ((edges[:-1] + edges[1:]) / 2 * rate).astype(np.intp)
    count = talking[np.minimum(middles, len(talking) - 1)]
    speech, width = count > 0, 2 * recording.cues.frames.shape[1]
    nothing = np.zeros((0, 2 * width + _SPEAKER_COLUMNS), np.float32), np.zeros(0, np.bool_)
    if not speech.any():
        return nothing
    blocks = cut_blocks(recording, speech, band.voices, config.speakers.block)
    outcome = infer(blocks, band.voices, UNLIMITED, config)
    if outcome.n_speakers < 2:
        return nothing
    evidence = compare_speakers(blocks, outcome, band.voices[0], config.speakers)
    labels = blocks.over_frames(outcome.labels, -1)
    columns = np.concatenate(list(overlap_cues(recording.cues.frames, evidence, labels, band.features.frame_step)))
    cells = np.pad(count, (0, -len(count) % CELL)).reshape(-1, CELL)
    single, double = np.asarray((cells == 1).all(axis=1)), np.asarray((cells > 1).all(axis=1))
    return columns[single | double], double[single | double]
