"""What a diarization stands on: the annotation, and the probabilities, speakers and models behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation
from diarize.config import Config
from diarize.errors import counted
from diarize.formats.about import About, package_version
from diarize.grid import FrameGrid
from diarize.model import BandModel, Model
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.detection import Detection
from diarize.stages.recording import Recording
from diarize.stages.rounds import Outcome, prior_weight
from diarize.stages.speakers import BlockStatistics, SpeakerPosterior

Floats = npt.NDArray[np.float64]


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
        The speakers, in the order of the columns and rows below; one who is nowhere the most probable has no turn.
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
    layout : str
        What the channels are to each other and what was done, in words; empty for one channel.
    uncorrected : Diarization or None
        Of one that was corrected: what it was before.
    recording : Recording or None
        The spectrum that all this was seen in; None where channels were kept apart, since each leg has its own.
    ratios : mapping of str to float
        For each speaker who got the name of a known person how many times likelier that person is than a stranger.
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

    def __repr__(self) -> str:
        what = f"{counted(len(self.annotation), 'turn')} of {counted(len(self.names), 'speaker')}"
        return f"<Diarization of {self.annotation.uri!r}: {what} in {self.frames.duration or 0:.1f} s>"

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
        channels = {name: leg.channel for leg in self.legs for name in leg.names if leg.channel is not None}
        program = f"diarize {package_version()}"
        return About(source, duration, self.channel or 1, self.config.model, settings, program, channels, self.ratios)

    def renamed(self, mapping: Mapping[str, str]) -> Diarization:
        """Return the same with other names of speakers; names that are not in `mapping` stay."""
        names = tuple(mapping.get(name, name) for name in self.names)
        legs = tuple(leg.renamed(mapping) for leg in self.legs)
        return replace(self, annotation=self.annotation.rename(mapping), names=names, legs=legs)

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

        Legs are side by side: each has its own speech.
        """
        if self.legs:
            return np.hstack([leg.posterior for leg in self.legs])
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
