"""Training of the speech detector on composed scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from diarize.config import FeatureConfig
from diarize.errors import ModelError, counted
from diarize.features import TEXTURE_STEP, Spectrum, speech_cues
from diarize.gmm import MixtureParameters, fit_by_splitting
from diarize.stages.recording import analyse
from diarize.stages.speech import SpeechModel
from diarize.training.material import ROWS_EACH, Material
from diarize.training.scenes import compose_scene

Features = npt.NDArray[np.float32]

_STRIDE = 2  # every second frame and texture is learnt from: neighbours say the same
_NEAR = 101  # frames around a texture in which the share of speech is counted
_NONE, _SOME = 0.02, 0.3  # share below which a texture is one of background, and above which it is one of speech
_TEXTURE_COMPONENTS = 8  # more fit the few kinds of noise that there are to learn from, and miss others


class _Rows(NamedTuple):
    """What the mixtures of a detector are fitted to: frames and textures of each scene."""

    background: list[Features]
    speech: list[Features]
    background_texture: list[Features]
    speech_texture: list[Features]


def train_speech_models(
    material: Material,
    bands: Sequence[FeatureConfig],
    rng: np.random.Generator,
    n_scenes: int = 120,
    n_components: int = 64,
) -> list[SpeechModel]:
    """Train the mixtures of a detector on composed scenes, for each band from the same scenes.

    Parameters
    ----------
    material : Material
        At the sample rate of the bands.
    bands : sequence of FeatureConfig
        The filter bank and the frames; any but the first takes the first columns of the first one's spectrum.
    rng : numpy.random.Generator
        The only source of randomness.
    n_scenes : int
        Scenes of half a minute on average.
    n_components : int
        Gaussians of each class.

    Returns
    -------
    list of SpeechModel
        For each band, in float32.

    Raises
    ------
    ModelError
        When the material is at another sample rate, or too little to tell speech from the rest.

    References
    ----------
    Ng et al., "Developing a speech activity detection system for the DARPA RATS program", Interspeech 2012.
    https://doi.org/10.21437/Interspeech.2012-527
    """
    rate = bands[0].sample_rate
    if material.sample_rate != rate:
        raise ModelError(f"the material is at {material.sample_rate} Hz, the features want {rate} Hz")
    rows_of_bands = [_Rows([], [], [], []) for _ in bands]
    for _ in range(n_scenes):
        samples, speech = compose_scene(material, rng)
        spectrum = analyse((samples, rate), bands[0]).spectrum
        at = np.arange(len(spectrum)) * bands[0].frame_step + bands[0].frame_length / 2
        marks = speech[np.minimum((at * rate).astype(np.intp), len(speech) - 1)]
        for rows, band in zip(rows_of_bands, bands, strict=True):
            _add_scene(rows, spectrum.lowest(band.n_mels), marks)
    return [_model(rows, n_components, band.n_mels) for rows, band in zip(rows_of_bands, bands, strict=True)]


def train_speech_model(
    material: Material,
    config: FeatureConfig,
    rng: np.random.Generator,
    n_scenes: int = 120,
    n_components: int = 64,
) -> SpeechModel:
    """Train for one band; see `train_speech_models`."""
    return train_speech_models(material, [config], rng, n_scenes, n_components)[0]


def _add_scene(rows: _Rows, spectrum: Spectrum, marks: npt.NDArray[np.bool_]) -> None:
    """Add the frames and textures of a scene to the rows that they belong to."""
    cues = speech_cues(spectrum)
    frames, texture = cues.frames[::_STRIDE], cues.texture[::_STRIDE]
    share = uniform_filter1d(marks.astype(np.float32), _NEAR, mode="nearest")[:: TEXTURE_STEP * _STRIDE]
    rows.background.append(frames[~marks[::_STRIDE]])
    rows.speech.append(frames[marks[::_STRIDE]])
    rows.background_texture.append(texture[share < _NONE])
    rows.speech_texture.append(texture[share > _SOME])


def _model(rows: _Rows, n_components: int, n_mels: int) -> SpeechModel:
    sizes = (n_components, n_components, _TEXTURE_COMPONENTS, _TEXTURE_COMPONENTS)
    background, spoken, background_texture, speech_texture = map(_mixture, rows, sizes)
    return SpeechModel(background, spoken, background_texture, speech_texture, n_mels)


def _mixture(rows: list[Features], n_components: int) -> MixtureParameters:
    if sum(map(len, rows)) < ROWS_EACH * n_components:
        raise ModelError(
            f"{counted(sum(map(len, rows)), 'frame is', 'frames are')} too few for "
            f"{counted(n_components, 'Gaussian')}; give more speech and noise, or compose more scenes"
        )
    blocks = [np.concatenate(rows)]  # of few bytes a frame; the sound itself is gone by now
    return fit_by_splitting(lambda: blocks, n_components, final=15, reg_covar=1e-3).parameters.astype(np.float32)
