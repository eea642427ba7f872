"""The trained models of the diarizer, in one file: what speech sounds like and how voices differ, for each band."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.archive import Archive
from diarize.config import FeatureConfig
from diarize.errors import ModelError
from diarize.features import FilterBank, Spectrum, effective_band, speech_cues
from diarize.formats.files import atomic_file
from diarize.gmm.covariances.variances import Diagonal
from diarize.stages.overlap import OverlapModel
from diarize.stages.overlap_cues import CELL, overlap_cues
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.speech import SpeechDetector

_FORMAT = "diarize-model-2"
# what files, numpy and json raise over a file that is no model, or a damaged one
DAMAGE = (OSError, ValueError, TypeError, KeyError, ArithmeticError, MemoryError, RecursionError)
BANDS = ("wide", "narrow")
_TELEPHONE = 4000.0  # Hz; sound that does not reach beyond is for the narrow band
_LARGEST = 1e9  # in a trained model, and of the inverse of a variance; training gives less than a thousandth of it
_FARTHEST = 100.0  # standard deviations by which a unit factor moves a mean; voices differ by a few
_TRIAL = 4 * CELL  # frames of silence that show how many columns features have


@dataclass(frozen=True, slots=True, eq=False)
class BandModel:
    """The models for sound of one bandwidth.

    Parameters
    ----------
    features : FeatureConfig
        How the sound was analysed in training; recordings are analysed in the same way. The narrow band takes the
        first columns of the wide band's spectrum.
    speech : SpeechDetector
        Tells speech from everything else.
    voices : tuple of EigenvoiceModel
        Tell voices from each other; one at least, each from a training of its own.
    overlap : OverlapModel, optional
        Tells two voices at once from one. None where it would do harm, as in the narrow band.
    """

    features: FeatureConfig
    speech: SpeechDetector
    voices: tuple[EigenvoiceModel, ...]
    overlap: OverlapModel | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything that training gives: a model for each band.

    Parameters
    ----------
    bands : mapping
        'wide', for the full band, and 'narrow', for telephone sound; a file may lack the latter.
    filters : FilterBank
        For the analysis in the wide band.
    """

    bands: Mapping[str, BandModel]
    filters: FilterBank

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as .npz, whole or not at all.

        Raises
        ------
        FormatError
            The file cannot be written.
        """
        with atomic_file(path) as file:
            np.savez_compressed(file, **self._arrays())

    def _arrays(self) -> dict[str, Any]:
        arrays: dict[str, Any] = {"format": np.array(_FORMAT)}
        arrays |= {"filters/weights": self.filters.weights, "filters/edges": self.filters.edges}
        for name, band in self.bands.items():
            arrays[f"{name}/features"] = np.array(dumps(asdict(band.features)))
            arrays |= band.speech.arrays(f"{name}/speech_") | {f"{name}/voices_members": np.array(len(band.voices))}
            for number, voices in enumerate(band.voices):
                arrays |= voices.arrays(f"{name}/voices_{number}_")
            if band.overlap is not None:
                arrays |= band.overlap.arrays(f"{name}/overlap_")
        return arrays

    def fingerprint(self) -> str:
        """Return a text that two models share only if they are equal: of a model and of its file it is the same.

        For what stands on all of a model, such as a diarization that is kept. Voices that are known stand on less and
        outlive a model whose other parts are trained again: see `voice_fingerprints`.
        """
        digest = sha256()
        for name, array in sorted(self._arrays().items()):
            values = np.ascontiguousarray(array)
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()

    def voice_fingerprints(self) -> dict[str, str]:
        """Return for each band a text that differs where sums of speech of one model mean nothing to another.

        Features, background mixtures and eigenvoices make such sums; what else there is in a model, such as speech
        detection and how voices differ from day to day, is not asked.
        """
        prints = {}
        for name, band in self.bands.items():
            digest = sha256(repr(band.features).encode())
            for voices in band.voices:
                mixture = voices.background
                for array in (mixture.weights, mixture.means, mixture.covariances, voices.voices):
                    digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
            prints[name] = digest.hexdigest()[:32]
        return prints

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model that `save` wrote; nothing in the file is run, and nothing large is unpacked unseen.

        Raises
        ------
        ModelError
            There is no such file, or it is no model of this version.
        """
        try:
            with open(path, "rb") as file, np.errstate(over="ignore", invalid="ignore"):  # infinities are refused below
                arrays = Archive(file)
                bands = _bands(arrays)
                return cls(bands, _filters(arrays, bands["wide"].features))
        except FileNotFoundError:
            raise ModelError(f"{path}: no such model file") from None
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None
        except DAMAGE as error:
            raise ModelError(f"{path}: not a model made by `diarize train`: {error}") from error

    def name_of(self, band: BandModel) -> str:
        """Return the name of one of the bands."""
        return next(name for name, one in self.bands.items() if one is band)

    def band_of(self, spectrum: Spectrum, wanted: str = "auto") -> BandModel:
        """Return the models that suit a recording.

        Parameters
        ----------
        spectrum : Spectrum
            Of the recording, in the wide band.
        wanted : {'auto', 'wide', 'narrow'}
            With 'auto' the narrow band is chosen for sound that does not reach beyond that of a telephone.

        Raises
        ------
        ModelError
            The narrow band is wanted, and the model has none.
        """
        wide, narrow = self.bands["wide"], self.bands.get("narrow")
        if wanted == "narrow" and narrow is None:
            raise ModelError('the model has no narrow band; train it again or set band = "wide"')
        if narrow is None or wanted == "wide":
            return wide
        if wanted == "narrow" or effective_band(spectrum.log_mel, wide.features, self.filters) <= _TELEPHONE:
            return narrow
        return wide


def _filters(arrays: Mapping[str, Any], features: FeatureConfig) -> FilterBank:
    if "filters/weights" not in arrays and "filters/edges" not in arrays:  # made before models carried them
        return FilterBank.design(features)
    weights, edges = arrays["filters/weights"], arrays["filters/edges"]
    if not FilterBank(weights, edges).fits(features):
        raise ModelError(f"the filter bank {weights.shape} does not fit {features}; train it again")
    if not all(array.dtype.kind == "f" and np.abs(array).max() <= _LARGEST for array in (weights, edges)):
        raise ModelError(f"the filter bank holds no numbers, or some beyond {_LARGEST:g}; train it again")
    return FilterBank(weights.astype(np.float32), edges.astype(np.float64))


def _bands(arrays: Mapping[str, Any]) -> dict[str, BandModel]:
    if str(arrays.get("format")) != _FORMAT:
        raise ModelError("not a model of this version of diarize; train it again")
    names = [name for name in BANDS if f"{name}/features" in arrays]
    if "wide" not in names:
        raise ModelError("holds no model for the full band; train it again")
    return {name: _band(arrays, name) for name in names}


def _band(arrays: Mapping[str, Any], name: str) -> BandModel:
    features = FeatureConfig(**loads(str(arrays[f"{name}/features"])))
    for number in range(_count(arrays, f"{name}/speech_members")):
        _count(arrays, f"{name}/speech_{number}_n_mels")
    speech = SpeechDetector.from_arrays(arrays, f"{name}/speech_")
    members = range(_count(arrays, f"{name}/voices_members"))
    voices = tuple(EigenvoiceModel.from_arrays(arrays, f"{name}/voices_{number}_") for number in members)
    prefix = f"{name}/overlap_"
    overlap = OverlapModel.from_arrays(arrays, prefix) if any(key.startswith(prefix) for key in arrays) else None
    band = BandModel(features, speech, voices, overlap)
    _check_fit(band, name)
    _check_values(band, name)
    return band


def _count(arrays: Mapping[str, Any], name: str) -> int:
    """Return how many parts of a kind there are: a whole number, at least 1."""
    if name not in arrays:
        raise ModelError(f"{name!r} is missing; train the model again")
    value = arrays[name]
    if value.shape or value.dtype.kind not in "iu" or value < 1:
        shown = repr(value.item()) if not value.shape else f"an array of shape {value.shape}"
        raise ModelError(f"{name!r} must be a whole number, at least 1, got {shown}; train the model again")
    return int(value)


def _check_fit(band: BandModel, name: str) -> None:
    """Raise a ModelError where a part was trained on other features than the band's settings give."""
    features = band.features
    frames, texture, columns = _widths(features)
    wanted = [(voices.background, (features.n_mfcc + features.c0) * (1 + features.deltas)) for voices in band.voices]
    for member in band.speech.members:
        wanted += [(member.background, frames), (member.speech, frames)]
        wanted += [(member.background_texture, texture), (member.speech_texture, texture)]
    fits = all(isinstance(mixture.kind, Diagonal) and mixture.n_features == width for mixture, width in wanted)
    fits &= all(member.n_mels == features.n_mels for member in band.speech.members)
    fits &= band.overlap is None or len(band.overlap.centre) == columns
    if not fits:
        raise ModelError(f"models of the {name} band are for different features than its settings; train it again")


def _check_values(band: BandModel, name: str) -> None:
    """Raise a ModelError where numbers are too large, or variances too small, to be multiplied in single precision."""
    mixtures = [voices.background for voices in band.voices]
    for member in band.speech.members:
        mixtures += [member.background, member.speech, member.background_texture, member.speech_texture]
    numbers: list[npt.NDArray[Any]] = []
    for voices in band.voices:
        numbers += [voices.voices, voices.centre, voices.projection]
        if voices.sessions is not None:
            numbers += [voices.sessions.between, voices.sessions.within]
    if band.overlap is not None:
        mixtures += [band.overlap.single, band.overlap.double]
        numbers += [band.overlap.centre, band.overlap.projection]
    for mixture in mixtures:
        numbers += [mixture.means, mixture.covariances, 1 / mixture.covariances]
    if not all(array.size and np.abs(array).max() <= _LARGEST for array in numbers):
        raise ModelError(f"a model of the {name} band is empty or holds numbers beyond {_LARGEST:g}; train it again")
    reach = max(float(np.abs(voices.voices).max()) for voices in band.voices)
    if reach > _FARTHEST:
        raise ModelError(
            f"eigenvoices of the {name} band move means by {reach:g} standard deviations, more than {_FARTHEST:g}; "
            "train it again"
        )


def _widths(features: FeatureConfig) -> tuple[int, int, int]:
    """Return how many columns the frames, the textures and the cells of overlap have, as silence shows."""
    frames, texture = speech_cues(
        Spectrum(np.zeros((_TRIAL, features.n_mels), np.float32), np.zeros(_TRIAL, np.float32))
    )
    evidence, labels = np.zeros((_TRIAL // CELL, 2)), np.zeros(_TRIAL, np.intp)
    cells = next(overlap_cues(frames, evidence, labels, features.frame_step))
    return frames.shape[1], texture.shape[1], cells.shape[1]


def model_named(name: str) -> Model:
    """Return the model that a configuration names: "builtin", or the path of a file.

    Raises
    ------
    ModelError
        There is no such model, or it cannot be used.
    """
    return builtin_model() if name == "builtin" else Model.load(name)


@cache
def builtin_model() -> Model:
    """Return the model that ships with the package.

    Raises
    ------
    ModelError
        The installation lacks it.
    """
    return Model.load(Path(__file__).parent / "models" / "default.npz")
