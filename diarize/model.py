"""The trained models of the diarizer, in one file: what speech sounds like and how voices differ, for each band."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from json import dumps, loads
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from diarize.config import FeatureConfig
from diarize.errors import ConfigError, ModelError
from diarize.features import FilterBank, Spectrum, effective_band
from diarize.formats.files import atomic_file
from diarize.stages.overlap import OverlapModel
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.speech import SpeechDetector

_FORMAT = "diarize-model-2"
_DAMAGE = (  # what numpy, zipfile and json raise over a file that is no model, or a damaged one
    *(OSError, ValueError, EOFError, AttributeError, TypeError, KeyError, MemoryError, NotImplementedError),
    *(BadZipFile, ZlibError, ConfigError),
)
BANDS = ("wide", "narrow")
_TELEPHONE = 4000.0  # Hz; sound that does not reach beyond is for the narrow band


@dataclass(frozen=True, slots=True, eq=False)
class BandModel:
    """The models for sound of one bandwidth.

    Parameters
    ----------
    features : FeatureConfig
        How the sound was analysed in training, and has to be again; the narrow band takes the first columns of the
        wide band's spectrum.
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
        arrays: dict[str, Any] = {"format": np.array(_FORMAT)}
        arrays |= {"filters/weights": self.filters.weights, "filters/edges": self.filters.edges}
        for name, band in self.bands.items():
            arrays[f"{name}/features"] = np.array(dumps(asdict(band.features)))
            arrays |= band.speech.arrays(f"{name}/speech_") | {f"{name}/voices_members": np.array(len(band.voices))}
            for number, voices in enumerate(band.voices):
                arrays |= voices.arrays(f"{name}/voices_{number}_")
            if band.overlap is not None:
                arrays |= band.overlap.arrays(f"{name}/overlap_")
        with atomic_file(path) as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model that `save` wrote; nothing in the file is run.

        Raises
        ------
        ModelError
            There is no such file, or it is no model of this version.
        """
        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = dict(file)
            if str(arrays.get("format")) != _FORMAT:
                raise ModelError(f"{path}: not a model of this version of diarize; train it again")
            names = [name for name in BANDS if f"{name}/features" in arrays]
            if "wide" not in names:
                raise ModelError(f"{path}: holds no model for the full band; train it again")
            bands = {name: _band(arrays, name) for name in names}
            return cls(bands, _filters(arrays, bands["wide"].features))
        except FileNotFoundError:
            raise ModelError(f"{path}: no such model file") from None
        except ModelError as error:
            raise ModelError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None
        except _DAMAGE as error:
            raise ModelError(f"{path}: not a model made by `diarize train`: {error}") from error

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
    if "filters/weights" not in arrays:  # a model of the time before it carried them
        return FilterBank.design(features)
    weights = np.asarray(arrays["filters/weights"], dtype=np.float32)
    filters = FilterBank(weights, np.asarray(arrays["filters/edges"], dtype=np.float64))
    if not filters.fits(features) or not all(np.isfinite(array).all() for array in (weights, filters.edges)):
        raise ModelError(f"the filter bank {weights.shape} does not fit {features}; train it again")
    return filters


def _band(arrays: Mapping[str, Any], name: str) -> BandModel:
    features = FeatureConfig(**loads(str(arrays[f"{name}/features"])))
    speech = SpeechDetector.from_arrays(arrays, f"{name}/speech_")
    count = int(arrays.get(f"{name}/voices_members", 0))
    if count < 1:
        raise ModelError(f"no eigenvoice models for the {name} band; train it again")
    voices = tuple(EigenvoiceModel.from_arrays(arrays, f"{name}/voices_{number}_") for number in range(count))
    if len({one.background.n_features for one in voices}) > 1:
        raise ModelError(f"the eigenvoice models of the {name} band are for different features; train it again")
    prefix = f"{name}/overlap_"
    overlap = OverlapModel.from_arrays(arrays, prefix) if any(key.startswith(prefix) for key in arrays) else None
    return BandModel(features, speech, voices, overlap)


@cache
def builtin_model() -> Model:
    """Return the model that ships with the package.

    Raises
    ------
    ModelError
        The installation lacks it.
    """
    return Model.load(Path(__file__).parent / "models" / "default.npz")
