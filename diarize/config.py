"""Settings: frozen dataclasses checked on construction; TOML in, TOML out."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Self, get_type_hints

from diarize.errors import ConfigError, quoted, shortened

_LARGEST_SEED = 2**63 - 1  # TOML's whole numbers end there
_LONGEST_TEXT = 200_000  # characters of a configuration; all settings with their comments take 10,000
_MOST_DOTS = 100  # in a line of a configuration; reading a dotted key takes the square of its depth

CONFIG_NAMES = ("default", "meeting", "telephone", "broadcast", "fast")


def setting(
    default: Any, doc: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """Return a dataclass field with its meaning and its allowed range."""
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "choices": choices})


class Section:
    """A group of settings; each field's type and range are checked on construction."""

    __slots__ = ()
    prefix: ClassVar[str] = ""  # what stands before the setting's name in a message: "speech."

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for item in fields(self):  # type: ignore[arg-type]
            value = _checked(getattr(self, item.name), hints[item.name], self.prefix + item.name, item.metadata)
            object.__setattr__(self, item.name, value)

    def with_(self, /, **changes: Any) -> Self:
        """Return a copy with some settings changed; unknown names are errors."""
        known = [item.name for item in fields(self)]  # type: ignore[arg-type]
        for name in changes:
            if name not in known:
                raise ConfigError(f"unknown setting {quoted(self.prefix + name)}{_nearest(name, known)}")
        return replace(self, **changes)  # type: ignore[type-var]

    def _lines(self) -> list[str]:
        """Return the plain settings as lines of TOML, each under its meaning and allowed values."""
        hints = get_type_hints(type(self))
        lines = []
        for item in fields(self):  # type: ignore[arg-type]
            if item.metadata:
                lines += [f"# {item.metadata['doc']} ({_allowed(hints[item.name], item.metadata)})"]
                lines += [f"{item.name} = {_toml(getattr(self, item.name))}"]
        return lines


def _checked(value: Any, kind: type, name: str, metadata: Any) -> Any:
    if issubclass(kind, Section):
        if not isinstance(value, kind):
            raise ConfigError(f"setting {quoted(name)} must be a section of settings, got {quoted(value)}")
        return value
    if kind is float and type(value) is int:
        value = float(value)
    low, high, choices = metadata["low"], metadata["high"], metadata["choices"]
    fits = type(value) is kind and not (isinstance(value, float) and not isfinite(value))
    fits = fits and (low is None or value >= low) and (high is None or value <= high)
    fits = fits and (not choices or value in choices)
    if not fits:
        shown = quoted(value) if type(value) is kind else f"{quoted(value)} ({type(value).__name__})"
        raise ConfigError(f"setting {name!r} must be {_allowed(kind, metadata)}, got {shown}")
    return value


def _allowed(kind: type, metadata: Any) -> str:
    """Return in words what a setting may be: 'a number from 0.1 to 2'."""
    low, high, choices = metadata["low"], metadata["high"], metadata["choices"]
    if choices:
        return "one of " + ", ".join(f'"{choice}"' for choice in choices)
    noun = {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "text")
    if low is not None and high is not None:
        return f"{noun} from {low:g} to {high:g}"
    if low is not None:
        return f"{noun}, at least {low:g}"
    return f"{noun}, at most {high:g}" if high is not None else noun


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the end of a message on an unknown name: the nearest known one, then all of them."""
    from difflib import get_close_matches

    matches = get_close_matches(name[:100], known, n=1, cutoff=0.5)
    hint = f", did you mean {matches[0]!r}?" if matches else ""
    return f"{hint} (known: {', '.join(known)})"


def _toml(value: Any) -> str:
    """Return a plain value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # the escapes of JSON are escapes of TOML; only DEL needs one in TOML and none in JSON
        from json import dumps

        return dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return repr(value)


@dataclass(frozen=True, slots=True)
class FeatureConfig(Section):
    """How sound becomes MFCC vectors. A trained model carries its own; see `Config.features`."""

    prefix: ClassVar[str] = "features."
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
            half = self.sample_rate / 2
            raise ConfigError(f"setting 'features.f_max' must be at most sample_rate / 2, {half:g}, got {self.f_max}")
        if self.f_min >= self.f_max:
            raise ConfigError(f"setting 'features.f_min' must be below f_max, {self.f_max}, got {self.f_min}")
        if self.n_mfcc >= self.n_mels:
            raise ConfigError(f"setting 'features.n_mfcc' must be below n_mels, {self.n_mels}, got {self.n_mfcc}")


@dataclass(frozen=True, slots=True)
class SpeechConfig(Section):
    """Speech / non-speech detection."""

    prefix: ClassVar[str] = "speech."
    bias: float = setting(0.0, "nats a frame in favour of speech: more gives fewer misses, more false alarms", -20, 20)
    acoustic_scale: float = setting(0.1, "weight of the evidence, below 1 as frames hang together", 0.001, 1.0)
    stay: float = setting(0.975, "probability that speech, or its absence, continues from frame to frame", 0.5, 0.9999)
    min_speech: float = setting(0.2, "s; shortest stretch of speech", 0.0, 10.0)
    min_silence: float = setting(0.2, "s; shortest pause that splits speech", 0.0, 10.0)


@dataclass(frozen=True, slots=True)
class ClusteringConfig(Section):
    """The start of the speaker inference: who is who, and about how many."""

    prefix: ClassVar[str] = "clustering."
    window: float = setting(1.8, "s; length of the pieces that are compared", 0.4, 10.0)
    max_windows: int = setting(400, "pieces compared at most; longer recordings are strided", 50, 5000)
    dimensions: int = setting(30, "discriminant directions of the comparison", 2, 400)
    spare: int = setting(3, "clusters beyond the estimated count that the inference may empty", 0, 10)
    per_cluster: float = setting(45.0, "s of speech for which there is one cluster at least at the start", 5, 36000)
    starts: int = setting(3, "starting points of each eigenvoice model; the outcomes are averaged", 1, 50)
    max_speakers: int = setting(20, "largest number of speakers that the graph may say there are", 1, 200)


@dataclass(frozen=True, slots=True)
class SpeakerConfig(Section):
    """The VB-HMM over eigenvoice speaker models."""

    prefix: ClassVar[str] = "speakers."
    block: float = setting(0.2, "s; time resolution of the inference", 0.05, 1.0)
    iterations: int = setting(20, "rounds of variational Bayes at most", 1, 200)
    acoustic_scale: float = setting(0.12, "weight of the evidence (FA), below 1 as frames hang together", 0.001, 1.0)
    loop_probability: float = setting(0.95, "probability that a block's speaker continues in the next", 0.0, 0.9999)
    prior: float = setting(1.7, "weight of the prior (FB); more gives fewer voices", 0.1, 100)
    reference: float = setting(150.0, "s of speech at which FB is `prior`; it grows in proportion", 1, 36000)
    min_prior: float = setting(0.85, "FB with no speech, from where it grows", 0.1, 100)
    max_prior: float = setting(9.6, "FB in long recordings", 0.1, 1000)


@dataclass(frozen=True, slots=True)
class GroupingConfig(Section):
    """Which of the voices that were told apart are one speaker: weights of a logistic regression."""

    prefix: ClassVar[str] = "grouping."
    enabled: bool = setting(True, "join voices that are one speaker in several moods, places or on several phones")
    offset: float = setting(-0.03, "nats in favour of one speaker; more gives fewer speakers", -100, 100)
    alone: float = setting(0.5, "further nats in favour of one speaker where that leaves nobody else", -100, 100)
    ratio: float = setting(2.36, "weight of the log-likelihood ratio of one speaker to two, for each second", 0, 1000)
    ratio_longest: float = setting(2.04, "weight of the same times the logarithm of the longest piece", -1000, 1000)
    less: float = setting(1.14, "weight of the logarithm of the seconds of the voice that speaks less", -100, 100)
    pieces: float = setting(-0.65, "weight of the logarithm of its pieces", -100, 100)
    longest_less: float = setting(-1.84, "weight of the logarithm of its longest piece", -100, 100)
    longest_more: float = setting(-1.03, "weight of the same of the voice that speaks more", -100, 100)
    unbroken: float = setting(2.93, "weight of the share of changes between the two without a pause", -100, 100)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights in the order of the columns of `diarize.stages.grouping.pair_features`."""
        time = (self.less, self.pieces, self.longest_less, self.longest_more, self.unbroken)
        return (self.ratio, self.ratio_longest, *time)


@dataclass(frozen=True, slots=True)
class VoicelessConfig(Section):
    """Which of the speakers are no voice: weights of a logistic regression. Without effect on given speech marks."""

    prefix: ClassVar[str] = "voiceless."
    enabled: bool = setting(True, "take speakers away that are no voice: tones, music, coughs")
    offset: float = setting(-23.1, "nats in favour of no voice; less takes fewer away", -1000, 1000)
    variety: float = setting(-2.3, "weight of the logarithm of the share of sounds that are visited", -1000, 1000)
    movement: float = setting(-11.0, "weight of the logarithm of how much the slopes of the spectrum vary", -1000, 1000)
    unevenness: float = setting(0.88, "weight of the deviation of the log-likelihood under all voices", -1000, 1000)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights in the order of the columns of `diarize.stages.voiceless.voice_cues`."""
        return (self.variety, self.movement, self.unevenness)


@dataclass(frozen=True, slots=True)
class OverlapConfig(Section):
    """Where two speak at once; full band only."""

    prefix: ClassVar[str] = "overlap."
    enabled: bool = setting(True, "look for a second speaker beside the main one")
    bias: float = setting(-2.5, "nats a frame in favour of overlap; fewer misses, more false alarms", -20, 20)
    acoustic_scale: float = setting(0.1, "weight of the evidence, below 1 as frames hang together", 0.001, 1.0)
    stay: float = setting(0.98, "probability that overlap, or its absence, continues from frame to frame", 0.5, 0.9999)
    min_overlap: float = setting(0.2, "s; shortest stretch of overlap", 0.0, 10.0)


@dataclass(frozen=True, slots=True)
class TrainingConfig(Section):
    """Training of models by `diarize train`; without effect on recordings."""

    prefix: ClassVar[str] = "training."
    n_components: int = setting(256, "Gaussians of the background mixture", 4, 8192)
    n_voices: int = setting(60, "eigenvoices", 2, 400)
    detectors: int = setting(3, "speech detectors whose evidence is averaged", 1, 20)
    scenes: int = setting(120, "scenes of half a minute that each of them is trained on", 1, 10000)
    ensemble: int = setting(3, "eigenvoice models whose outcomes are averaged, each from copies of its own", 1, 20)
    copies: int = setting(3, "disturbed copies of the speech, beside the clean one", 0, 20)
    overlap_scenes: int = setting(150, "conversations to train the overlap model on, 0 for no such model", 0, 10000)


@dataclass(frozen=True, slots=True)
class OutputConfig(Section):
    """From posteriors to turns."""

    prefix: ClassVar[str] = "output."
    min_turn: float = setting(0.4, "s of speech; shorter turns are given to their neighbours", 0.0, 10.0)
    max_pause: float = setting(0.0, "s; pauses of the same speaker up to this are bridged", 0.0, 10.0)
    confidence_slope: float = setting(0.58, "calibration of confidences: factor of their log-odds", 0.0, 10.0)
    confidence_offset: float = setting(0.0, "calibration of confidences: nats added to their log-odds", -20.0, 20.0)


@dataclass(frozen=True, slots=True)
class Config(Section):
    """Every setting of the diarizer. Value object: share it between threads and processes."""

    model: str = setting("builtin", "the trained model: 'builtin' or the path of an .npz made by `diarize train`")
    band: str = setting("auto", "which of the models: full band or telephone band", choices=("auto", "wide", "narrow"))
    seed: int = setting(0, "start of the random numbers; same input and seed give the same output", 0)
    features: FeatureConfig = FeatureConfig()
    speech: SpeechConfig = SpeechConfig()
    clustering: ClusteringConfig = ClusteringConfig()
    speakers: SpeakerConfig = SpeakerConfig()
    grouping: GroupingConfig = GroupingConfig()
    voiceless: VoicelessConfig = VoicelessConfig()
    overlap: OverlapConfig = OverlapConfig()
    output: OutputConfig = OutputConfig()
    training: TrainingConfig = TrainingConfig()

    def __post_init__(self) -> None:
        Section.__post_init__(self)
        if self.seed > _LARGEST_SEED:
            raise ConfigError(f"setting 'seed' must be at most {_LARGEST_SEED}, got {quoted(self.seed)}")

    @classmethod
    def from_toml(cls, text: str, where: str = "<text>") -> Self:
        """Return the defaults with the changes that a TOML text asks for.

        Parameters
        ----------
        text : str
            Sections and settings as `to_toml` writes them; what is not named keeps its default.
        where : str
            The name of the text in error messages, usually its path.

        Raises
        ------
        ConfigError
            The text is no TOML, or a section or setting is unknown, of the wrong type or out of range.

        Examples
        --------
        >>> Config.from_toml("[speakers]\\niterations = 5").speakers.iterations
        5
        >>> Config.from_toml("seed = -5", where="my.toml")
        Traceback (most recent call last):
        ...
        diarize.errors.ConfigError: my.toml: setting 'seed' must be a whole number, at least 0, got -5
        """
        if len(text) > _LONGEST_TEXT:
            raise ConfigError(f"{where}: not a configuration: {len(text)} characters, over {_LONGEST_TEXT}")
        for number, line in enumerate(text.split("\n"), start=1):
            if line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#"):
                raise ConfigError(f"{where}: not a configuration: over {_MOST_DOTS} dots in line {number}")
        try:
            changes: dict[str, Any] = tomllib.loads(text)
            base = cls()
            for name, value in changes.items():
                section = getattr(base, name, None)
                if isinstance(section, Section) and isinstance(value, dict):
                    changes[name] = section.with_(**value)
            return base.with_(**changes)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
        except RecursionError:
            raise ConfigError(f"{where}: not a configuration: brackets within brackets, hundreds deep") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where}: not valid TOML: {shortened(error)}") from None
        except ValueError:  # Python reads no number of thousands of digits
            raise ConfigError(f"{where}: not a configuration: a number of thousands of digits") from None

    def to_toml(self) -> str:
        """Return every setting as TOML, each under a comment that says what it means and what it may be."""
        lines = ["# Every setting of the diarizer. A file of your own needs only what differs.", "", *self._lines()]
        for item in fields(self):
            section = getattr(self, item.name)
            if isinstance(section, Section):
                title = (section.__doc__ or "").partition("\n")[0]
                lines += ["", f"# {title}", f"[{item.name}]", *section._lines()]
        return "\n".join(lines) + "\n"


def load_config(name_or_path: str | os.PathLike[str] = "default") -> Config:
    """Return a shipped configuration by its name, or one of your own by its path.

    Parameters
    ----------
    name_or_path : str or path
        One of `CONFIG_NAMES`, or a TOML file.

    Raises
    ------
    ConfigError
        There is no such configuration, it cannot be read, or it holds a wrong setting.

    Examples
    --------
    >>> load_config("telephone").band
    'narrow'
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise ConfigError(f"a configuration is a name or the path of a file, got {quoted(name_or_path)}")
    if name_or_path in CONFIG_NAMES:
        return Config.from_toml(_shipped(str(name_or_path)), where=f"configs/{name_or_path}.toml")
    path = Path(name_or_path)
    try:
        return Config.from_toml(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError:
        hint = _nearest(str(name_or_path), CONFIG_NAMES)
        raise ConfigError(f"{path}: no such file and no configuration of that name{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot read the configuration: {error}") from None


def _shipped(name: str) -> str:
    """Return the text of a configuration: inside the package when installed, beside it in a source checkout."""
    from importlib.resources import files

    inside = files("diarize") / "configs" / f"{name}.toml"
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(__file__).parents[1] / "configs" / f"{name}.toml").read_text(encoding="utf-8")
