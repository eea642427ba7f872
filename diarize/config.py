"""Settings: frozen dataclasses checked on construction; TOML in, TOML out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, get_type_hints

from diarize.errors import ConfigError


def setting(
    default: Any, doc: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """Return a dataclass field with its meaning and its allowed range."""
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "choices": choices})


class Section:
    """A group of settings; each field's type and range are checked on construction."""

    __slots__ = ()

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for item in fields(self):  # type: ignore[arg-type]
            if item.metadata:
                value = getattr(self, item.name)
                object.__setattr__(self, item.name, _checked(value, hints[item.name], item.name, item.metadata))

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some settings changed; unknown names are errors."""
        known = {item.name for item in fields(self)}  # type: ignore[arg-type]
        for name in changes:
            if name not in known:
                raise ConfigError(f"unknown setting {name!r}; known are {', '.join(sorted(known))}")
        return replace(self, **changes)  # type: ignore[type-var]


def _checked(value: Any, kind: type, name: str, metadata: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"setting {name!r} must be {kind.__name__}, got {value!r} ({type(value).__name__})")
    if kind is float and not abs(value) < float("inf"):
        raise ConfigError(f"setting {name!r} must be finite, got {value!r}")
    low, high, choices = metadata["low"], metadata["high"], metadata["choices"]
    if low is not None and value < low:
        raise ConfigError(f"setting {name!r} must be at least {low}, got {value!r}")
    if high is not None and value > high:
        raise ConfigError(f"setting {name!r} must be at most {high}, got {value!r}")
    if choices and value not in choices:
        raise ConfigError(f"setting {name!r} must be one of {', '.join(choices)}, got {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class FeatureConfig(Section):
    """How sound becomes MFCC vectors. A trained model carries its own; see `Config.features`."""

    sample_rate: int = setting(16000, "Hz; recordings are resampled to it", 8000, 48000)
    frame_length: float = setting(0.025, "s; analysis window", 0.005, 0.1)
    frame_step: float = setting(0.010, "s; distance between frames", 0.002, 0.1)
    n_mels: int = setting(40, "bands of the mel filter bank", 12, 128)
    f_min: float = setting(20.0, "Hz; lower edge of the lowest band", 0.0, 4000.0)
    f_max: float = setting(7600.0, "Hz; upper edge of the highest band, at most half the sample rate", 1000.0, 24000.0)
    n_mfcc: int = setting(16, "cepstral coefficients, c0 not counted", 4, 60)
    c0: bool = setting(False, "keep c0 (loudness) as first coefficient")
    deltas: int = setting(0, "orders of time derivatives appended", 0, 2)
    normalisation: str = setting(
        "mean", "what is taken out per recording", choices=("none", "mean", "mean_variance", "warping")
    )
    window: float = setting(0.0, "s; sliding window of the normalisation, 0 for the whole recording", 0.0, 60.0)

    def __post_init__(self) -> None:
        Section.__post_init__(self)
        if self.f_max > self.sample_rate / 2:
            raise ConfigError(f"setting 'f_max' ({self.f_max} Hz) is above half the sample rate ({self.sample_rate} Hz)")
        if self.f_min >= self.f_max:
            raise ConfigError(f"setting 'f_min' ({self.f_min} Hz) must be below 'f_max' ({self.f_max} Hz)")
        if self.n_mfcc >= self.n_mels:
            raise ConfigError(f"setting 'n_mfcc' ({self.n_mfcc}) must be below 'n_mels' ({self.n_mels})")


@dataclass(frozen=True, slots=True)
class SpeechConfig(Section):
    """Speech / non-speech detection."""

    bias: float = setting(0.0, "nats a frame added to speech: above 0 fewer misses, below 0 fewer false alarms", -20, 20)
    min_speech: float = setting(0.2, "s; shortest stretch of speech", 0.0, 10.0)
    min_silence: float = setting(0.2, "s; shortest pause that splits speech", 0.0, 10.0)


@dataclass(frozen=True, slots=True)
class ClusteringConfig(Section):
    """The start of the speaker inference: who is who, and about how many."""

    window: float = setting(1.8, "s; length of the pieces that are compared", 0.4, 10.0)
    max_windows: int = setting(600, "pieces compared at most; longer recordings are strided", 50, 5000)
    spare: int = setting(2, "clusters beyond the estimated count that the inference may empty", 0, 10)


@dataclass(frozen=True, slots=True)
class SpeakerConfig(Section):
    """The VB-HMM over eigenvoice speaker models."""

    block: float = setting(0.2, "s; time resolution of the inference", 0.05, 1.0)
    iterations: int = setting(20, "rounds of variational Bayes at most", 1, 200)
    acoustic_scale: float = setting(0.15, "weight of the acoustic evidence (FA): frames are not independent", 0.001, 1.0)
    loop_probability: float = setting(0.95, "probability to stay with the same speaker from block to block", 0.0, 0.9999)


@dataclass(frozen=True, slots=True)
class OutputConfig(Section):
    """From posteriors to turns."""

    min_turn: float = setting(0.0, "s; shorter turns go to their neighbours", 0.0, 10.0)
    max_pause: float = setting(0.0, "s; pauses of the same speaker up to this are bridged", 0.0, 10.0)


@dataclass(frozen=True, slots=True)
class Config(Section):
    """Every setting of the diarizer. Value object: share it between threads and processes."""

    model: str = setting("builtin", "the trained model: 'builtin' or the path of an .npz made by `diarize train`")
    band: str = setting("auto", "which model of the pair: telephone band or full band", choices=("auto", "wide", "narrow"))
    seed: int = setting(0, "of the random numbers; same input and seed give the same output", 0)
    features: FeatureConfig = FeatureConfig()
    speech: SpeechConfig = SpeechConfig()
    clustering: ClusteringConfig = ClusteringConfig()
    speakers: SpeakerConfig = SpeakerConfig()
    output: OutputConfig = OutputConfig()
