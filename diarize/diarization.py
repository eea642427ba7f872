"""What a diarization stands on: the annotation, and the probabilities, speakers and models behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from json import dumps, loads
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Turn
from diarize.archive import Archive, write_archive
from diarize.config import Config
from diarize.errors import FormatError, ModelError, counted, quoted, shortened
from diarize.formats.about import About, package_version
from diarize.formats.files import atomic_file
from diarize.gmm.engine.threads import one_blas_thread
from diarize.grid import FrameGrid
from diarize.model import DAMAGE, BandModel, Model, model_named
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.detection import Detection
from diarize.stages.recording import Recording
from diarize.stages.rounds import Outcome, prior_weight
from diarize.stages.speakers import BlockStatistics, SpeakerPosterior

Floats = npt.NDArray[np.float64]

_KEPT = "diarize-kept-2"  # the layout of files that `Diarization.save` writes

_GIVE = "give the one it was made with (--model FILE, load(path, model)), or diarize again"


@dataclass(frozen=True, eq=False, repr=False)
class Diarization:
    """A recording diarized: who speaks when, how sure that is, and what each speaker sounds like.

    The probabilities and the speakers' models are computed when they are first asked for.

    Parameters
    ----------
    annotation : Annotation
        Who speaks when.
    frames : FrameGrid
        The time axis of everything that has a value a frame.
    detection : Detection
        Where speech is.
    band : BandModel
        The models for the bandwidth of the recording.
    model : Model
        All models.
    config : Config
        The settings.
    names : tuple of str
        The speakers, in the order of the columns and rows below; one who is nowhere the most probable has no turn, and
        one whom a person named only where nothing was heard has turns, and is none of them.
    blocks : SpeechBlocks or None
        The speech, as it was compared with the speakers; None where there is no speech.
    outcome : Outcome or None
        What the inference settled on; None where there is no speech.
    overlap : array of shape (n_frames,) or None
        How probable a second speaker is, 0 where there is none; None where nobody looked for one.
    legs : tuple of Diarization
        Of channels that were diarized each by itself: their speech, speakers and models are theirs.
    channel : int or None
        The one channel that this is about, counted from 1; None for the mean of all, and for legs together.
    channel_name : str
        Of a leg, what its channel is called; empty where channels were not kept apart.
    layout : str
        What the channels are to each other and what was done, in words; empty for one channel.
    uncorrected : Diarization or None
        Of one that was corrected: what it was before.
    recording : Recording or None
        The spectrum that all this was seen in; None where channels were kept apart, since each leg has its own.
    ratios : mapping of str to float
        For each speaker who got the name of a known person how many times likelier that person is than a stranger.
    given : tuple of str
        Speakers whom hints name: no voice says otherwise.
    """

    annotation: Annotation
    frames: FrameGrid
    detection: Detection
    band: BandModel
    model: Model
    config: Config
    names: tuple[str, ...] = ()
    blocks: SpeechBlocks | None = None
    outcome: Outcome | None = None
    overlap: Floats | None = None
    legs: tuple[Diarization, ...] = ()
    channel: int | None = None
    layout: str = ""
    uncorrected: Diarization | None = None
    recording: Recording | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    channel_name: str = ""
    given: tuple[str, ...] = ()

    def __repr__(self) -> str:
        what = f"{counted(len(self.annotation), 'turn')} of {counted(len(self.names), 'speaker')}"
        return f"<Diarization of {self.annotation.uri!r}: {what} in {self.frames.duration or 0:.1f} s>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that is needed to correct the diarization later, without the sound, as .npz; whole or not at all.

        Of one that was corrected, what it was before is written: corrections begin there, with all hints that hold.

        Parameters
        ----------
        path : str or path
            19 MB for an hour.

        Raises
        ------
        FormatError
            The file cannot be written.
        """
        with atomic_file(path) as file:
            write_archive(file, (self.uncorrected or self)._arrays(""))

    @classmethod
    def load(cls, path: str | os.PathLike[str], model: Model | None = None) -> Diarization:
        """Read what `save` wrote; nothing in the file is run.

        Parameters
        ----------
        path : str or path
        model : Model, optional
            The one it was made with; without it, the one that its settings name.

        Raises
        ------
        FormatError
            There is no such file, or it is no diarization that this version kept.
        ModelError
            The diarization was made with another model.
        """
        try:
            with open(path, "rb") as file, one_blas_thread():
                return cls._from_arrays(Archive(file), "", model)
        except ModelError as error:
            raise ModelError(f"{os.fspath(path)}: {error}") from None
        except FormatError as error:
            raise FormatError(f"{os.fspath(path)}: {error}") from None
        except OSError as error:
            raise FormatError(f"{os.fspath(path)}: cannot read the file: {error.strerror or error}") from None
        except DAMAGE as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else shortened(error)
            raise FormatError(
                f"{os.fspath(path)}: not a diarization that was kept by --keep or save: {what}"
            ) from error

    def _arrays(self, prefix: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        said = {
            "format": _KEPT,
            "model": self.model.fingerprint(),
            "band": self.model.name_of(self.band),
            "config": self.config.to_toml(),
            "frames": asdict(self.frames),
            "uri": self.annotation.uri,
            "turns": [[turn.start, turn.end, turn.speaker, turn.confidence] for turn in self.annotation],
            "names": self.names,
            "legs": len(self.legs),
            "channel": self.channel,
            "layout": self.layout,
            "channel_name": self.channel_name,
            "ratios": dict(self.ratios),
        }
        yield f"{prefix}about", np.frombuffer(dumps(said).encode("ascii"), np.uint8)
        yield from self.detection.arrays(prefix)
        if self.blocks is not None and self.outcome is not None:
            yield from self.blocks.arrays(prefix)
            yield from self.outcome.arrays(prefix)
        if self.overlap is not None:
            yield f"{prefix}overlap", self.overlap
        for number, leg in enumerate(self.legs):
            yield from leg._arrays(f"{prefix}leg{number}_")

    @classmethod
    def _from_arrays(cls, arrays: Archive, prefix: str, model: Model | None) -> Diarization:
        said = dict(loads(arrays[f"{prefix}about"].tobytes()))
        if said.get("format") != _KEPT:
            raise FormatError(f"this version reads {_KEPT}, got {quoted(said.get('format'))}; diarize the sound again")
        config = Config.from_toml(said["config"])
        model, given = _model_of(config) if model is None else model, model is not None
        if model.fingerprint() != said["model"]:
            which = "the one that was given" if given else f"this {quoted(config.model)}"
            raise ModelError(f"made with another model than {which}; {_GIVE}")
        band, frames = model.bands[said["band"]], FrameGrid(**said["frames"])
        annotation = Annotation((Turn(*turn) for turn in said["turns"]), said["uri"])
        detection, names = Detection.from_arrays(arrays, prefix), tuple(map(str, said["names"]))
        blocks = outcome = overlap = None
        if f"{prefix}posterior" in arrays:
            blocks = SpeechBlocks.from_arrays(arrays, band.voices, prefix)
            outcome = Outcome.from_arrays(arrays, prefix)
        if f"{prefix}overlap" in arrays:
            overlap = np.asarray(arrays[f"{prefix}overlap"], np.float64)
        legs = tuple(cls._from_arrays(arrays, f"{prefix}leg{number}_", model) for number in range(said["legs"]))
        _check_fit(frames, detection, names, blocks, outcome, overlap)
        channel, layout = said["channel"], str(said["layout"])
        ratios = {str(name): float(ratio) for name, ratio in dict(said.get("ratios", {})).items()}
        result = cls(
            annotation, frames, detection, band, model, config, names, blocks, outcome, overlap, legs, channel, layout
        )
        return replace(result, channel_name=str(said.get("channel_name", "")), ratios=ratios)

    def about(self, source: str | None = None) -> About:
        """Return what files say beside who speaks.

        Parameters
        ----------
        source : str or None
            The path of the recording.
        """
        settings = {name: value for name, value in asdict(self.config).items() if name != "training"}
        duration = self.frames.duration
        if duration is not None:
            duration += self.frames.start  # turns of an excerpt have the times of the whole recording
        program, own = f"diarize {package_version()}", self.channel or 1
        return About(source, duration, own, self.config.model, settings, program, self._channels(), ratios=self.ratios)

    def _channels(self) -> dict[str, int]:
        """Return the channel of each speaker, where there are legs: of one who is heard in several, the main one."""
        channels: dict[str, int] = {}
        longest: dict[str, float] = {}
        for leg in self.legs:
            seconds = leg.annotation.durations()
            for name in dict.fromkeys([*leg.names, *seconds]):
                spoken = seconds.get(name, 0.0)
                if leg.channel is not None and spoken > longest.get(name, -1.0):
                    channels[name], longest[name] = leg.channel, spoken
        return channels

    def renamed(self, mapping: Mapping[str, str]) -> Diarization:
        """Return the same with other names of speakers; names that are not in `mapping` stay."""
        names = tuple(mapping.get(name, name) for name in self.names)
        legs = tuple(leg.renamed(mapping) for leg in self.legs)
        given = tuple(mapping.get(name, name) for name in self.given)
        return replace(self, annotation=self.annotation.rename(mapping), names=names, legs=legs, given=given)

    @cached_property
    def speech_probability(self) -> Floats:
        """How probable speech is in each frame, shape (n_frames,): 0 or 1 where speech marks were given."""
        return self.detection.probability

    @cached_property
    def overlap_probability(self) -> Floats:
        """How probable a second speaker is, shape (n_frames,): 0 where there is none or nobody looked for one."""
        return np.zeros(self.frames.n_frames) if self.overlap is None else self.overlap

    @cached_property
    def posterior(self) -> Floats:
        """How probable each speaker is given that there is speech, shape (n_frames, n_speakers): 0 without speech.

        Legs are side by side: each has its own speech. Of a speaker who is heard in several the highest value counts.
        """
        if self.legs:
            columns = np.zeros((self.frames.n_frames, len(self.names)))
            for leg in self.legs:
                own = [self.names.index(name) for name in leg.names]
                columns[:, own] = np.maximum(columns[:, own], leg.posterior)
            return columns
        if self.blocks is None or self.outcome is None:
            return np.zeros((self.frames.n_frames, 0))
        return self.blocks.over_frames(self.outcome.posterior, 0.0)

    @cached_property
    def factors(self) -> tuple[SpeakerPosterior, ...]:
        """Mean and covariance of each speaker's factors, eq. (15), from each eigenvoice model of the band."""
        if self.blocks is None or self.outcome is None:
            return ()
        settings = self.config.speakers
        scale, prior = settings.acoustic_scale, prior_weight(self.blocks.seconds, settings)
        return tuple(
            voices.posterior(statistics, self.outcome.posterior, scale, prior)
            for voices, statistics in zip(self.band.voices, self.blocks.statistics, strict=True)
        )

    @cached_property
    def statistics(self) -> tuple[BlockStatistics, ...]:
        """Statistics of each speaker, a row each, as each eigenvoice model of the band sees the speech."""
        if self.blocks is None or self.outcome is None:
            return ()
        return tuple(one.weighted(self.outcome.posterior) for one in self.blocks.statistics)


def _model_of(config: Config) -> Model:
    """Return the model that settings name, for which that file must still be there."""
    try:
        return model_named(config.model)
    except ModelError as error:
        raise ModelError(f"made with a model that cannot be read any more: {error}; {_GIVE}") from None


def _check_fit(
    frames: FrameGrid,
    detection: Detection,
    names: tuple[str, ...],
    blocks: SpeechBlocks | None,
    outcome: Outcome | None,
    overlap: Floats | None,
) -> None:
    """Raise ValueError where parts of a diarization that were read are not about the same frames and speakers."""
    sizes = {detection.speech.shape} | ({blocks.speech.shape} if blocks else set())
    sizes |= {overlap.shape} if overlap is not None else set()
    if sizes != {(frames.n_frames,)}:
        raise ValueError(f"there are {frames.n_frames} frames, and values for {sorted(sizes)}")
    if blocks and outcome and ((len(blocks),) != outcome.labels.shape or len(names) != outcome.n_speakers):
        raise ValueError(
            f"{len(names)} names and {len(blocks)} blocks do not fit probabilities {outcome.posterior.shape}"
        )
