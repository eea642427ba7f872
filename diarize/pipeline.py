"""The diarizer: audio -> features -> speech -> speakers -> smoothing -> annotation."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.annotation import Annotation, Segment, Turn
from diarize.audio import audio_uri, open_audio
from diarize.config import Config, load_config
from diarize.errors import ConfigError, DiarizeWarning, ModelError
from diarize.evaluation.calibration import Calibration
from diarize.features import effective_band, grid, spectra, voice_features
from diarize.formats.marks import read_speech_marks
from diarize.grid import FrameGrid
from diarize.model import BandModel, Model, builtin_model
from diarize.stages.limits import Limits
from diarize.stages.overlap import CELL, cell_edges, second_speakers
from diarize.stages.speech import SpeechFeatures
from diarize.stages.vbhmm import Outcome, Speech, infer

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Progress = Callable[[str, float], None]

_TELEPHONE = 4000.0  # Hz; sound that does not reach beyond is for the narrow-band model


@dataclass(frozen=True, eq=False)
class Sound:
    """A recording after its analysis: what no setting of detection, speakers and output changes.

    Parameters
    ----------
    band : BandModel
        The model for its bandwidth.
    spectrum : array of shape (n_frames, n_mels), float32
        Log-mel spectrum in the bands of that model.
    harmonicity : array of shape (n_frames,), float32
    frames : FrameGrid
    """

    band: BandModel
    spectrum: Features
    harmonicity: Features
    frames: FrameGrid

    @cached_property
    def described(self) -> SpeechFeatures:
        """What the speech detector sees; the overlap model sees it as well."""
        return self.band.speech.features(self.spectrum, self.harmonicity)


class Diarizer:
    """Finds who spoke when. One object may serve several threads: nothing in it changes after construction.

    Parameters
    ----------
    config : str, path or Config
        The name of a shipped configuration, the path of a TOML file, or a `Config`.
    model : Model, optional
        Instead of the one that the configuration names.

    Raises
    ------
    ConfigError
        The configuration is unknown or wrong.
    ModelError
        The model cannot be read, or was trained with other features than the configuration asks for.

    Examples
    --------
    >>> from diarize import Diarizer, Segment
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(scale=0.01, size=32000)
    >>> len(Diarizer("fast")((noise, 16000), speech=[Segment(0.5, 1.5)], num_speakers=1))
    1
    """

    def __init__(self, config: str | os.PathLike[str] | Config = "default", *, model: Model | None = None) -> None:
        self.config = config if isinstance(config, Config) else load_config(config)
        if model is None:
            model = builtin_model() if self.config.model == "builtin" else Model.load(self.config.model)
        self.model = model
        if self.config.features not in (Config().features, model.bands["wide"].features):
            raise ModelError(
                f"the model was trained with {model.bands['wide'].features}, the configuration asks for "
                f"{self.config.features}; leave [features] out or train a model with this configuration"
            )

    def __call__(
        self,
        audio: Any,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        speech: str | os.PathLike[str] | Iterable[Segment] | None = None,
        channel: int | None = None,
        uri: str | None = None,
        progress: Progress | None = None,
    ) -> Annotation:
        """Diarize one recording.

        Parameters
        ----------
        audio : path, binary file or (array, sample_rate)
            Arrays are (n_samples,) or (n_samples, n_channels).
        num_speakers : int, optional
            The number of speakers, where it is known.
        min_speakers, max_speakers : int, optional
            Limits of that number, where it is not.
        speech : path or iterable of Segment, optional
            Where somebody speaks (RTTM, UEM or LAB, or segments), instead of the built-in detector.
        channel : int, optional
            Use one channel, counted from 1, instead of the mean of all.
        uri : str, optional
            Name of the recording in the result; by default the file's name without its ending.
        progress : callable, optional
            Called with the name of the stage and the fraction of the work that is done.

        Returns
        -------
        Annotation
            Turns with speakers named speaker1, speaker2, ... in the order of their first words. Empty where there is no
            speech.

        Raises
        ------
        AudioError, FormatError, ConfigError
            The audio, the speech marks or the limits cannot be used.
        """
        limits = Limits.of(num_speakers, min_speakers, max_speakers)
        name = audio_uri(audio) if uri is None else uri
        marks = _marks(speech, name)
        report = progress or (lambda stage, fraction: None)
        report("audio", 0.0)
        sound = self.analyse(audio, channel)
        report("speech", 0.4)
        mask = detect_speech(sound, self.config) if marks is None else sound.frames.mask(marks)
        if not mask.any():
            report("speech", 1.0)
            return _nothing(name, limits, "no speech was found" if marks is None else "no speech is marked in it")
        report("voices", 0.5)
        turns = find_speakers(sound, mask, limits, self.config, lambda done: report("speakers", 0.6 + 0.4 * done))
        return Annotation(turns, name)

    def analyse(self, audio: Any, channel: int | None = None) -> Sound:
        """Return what does not depend on how speech and speakers are looked for; the samples are gone.

        Parameters
        ----------
        audio, channel
            As for the diarizer itself.

        Raises
        ------
        AudioError, ModelError
            The audio cannot be used, or the model lacks the band that the configuration asks for.
        """
        config = self.model.bands["wide"].features
        with open_audio(audio, config.sample_rate, channel) as stream:
            spectrum, harmonicity = spectra(stream, config)
            frames = grid(len(spectrum), config, stream.duration)
        band = self._band(spectrum)
        return Sound(band, spectrum[:, : band.features.n_mels], harmonicity, frames)

    def _band(self, spectrum: Features) -> BandModel:
        """Return the model for the bandwidth of the recording, or the one that the configuration asks for."""
        wide = self.model.bands["wide"]
        narrow = self.model.bands.get("narrow")
        if self.config.band == "narrow" and narrow is None:
            raise ModelError('the model has no narrow band; train it again or set band = "wide"')
        if narrow is None or self.config.band == "wide":
            return wide
        if self.config.band == "narrow" or effective_band(spectrum, wide.features) <= _TELEPHONE:
            return narrow
        return wide


def _marks(speech: str | os.PathLike[str] | Iterable[Segment] | None, uri: str) -> list[Segment] | None:
    if isinstance(speech, str | os.PathLike):
        return read_speech_marks(speech, uri)
    marks = None if speech is None else list(speech)
    for mark in marks or []:
        if not isinstance(mark, Segment):
            raise ConfigError(f"speech must be a path or Segments, got {mark!r} among them; use Segment(start, end)")
    return marks


def _nothing(uri: str, limits: Limits, why: str) -> Annotation:
    if limits.least > 1:
        raise ConfigError(f"{uri}: {why}, so there cannot be {limits.least} speakers")
    warnings.warn(f"{uri}: {why}; the result is empty", DiarizeWarning, stacklevel=3)
    return Annotation((), uri)


def detect_speech(sound: Sound, config: Config) -> Mask:
    """Return the frames with speech: decided once with the model as it is, once more adapted to the recording."""
    detector, step, change = sound.band.speech, sound.band.features.frame_step, 1 - config.speech.stay
    least = [max(1, round(seconds / step)) for seconds in (config.speech.min_silence, config.speech.min_speech)]
    features = sound.described
    evidence = detector.log_likelihood(features, config.speech)
    first, _ = hmm.viterbi(evidence, _alternation(2 * change))  # no minimum durations: changes come easier
    evidence = detector.adapt(features, first == 1).log_likelihood(features, config.speech)
    labels, _ = hmm.viterbi(evidence, hmm.MinimumDuration(_alternation(change), np.array(least)))
    return np.asarray(labels == 1)


def _alternation(change: float) -> hmm.Ergodic:
    """Return the chain of background and speech."""
    return hmm.Ergodic(np.full(2, 0.5), np.array([[1 - change, change], [change, 1 - change]]))


def cut_speech(sound: Sound, speech: Mask, block: float) -> Speech:
    """Cut the speech into blocks of about `block` seconds, none across a pause, and sum up each."""
    band, step = sound.band, sound.band.features.frame_step
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speech, [False]]).astype(np.int8)))
    frames = edges[1::2] - edges[::2]
    counts = np.maximum(1, np.round(frames * step / block)).astype(np.intp)
    parts = [np.diff(np.arange(n + 1) * length // n) for length, n in zip(frames, counts, strict=True)]
    lengths = np.concatenate(parts)
    x = voice_features(sound.spectrum, speech, band.features)
    boundaries = np.concatenate([[0], np.cumsum(lengths)])
    statistics = tuple(voices.statistics(x, boundaries) for voices in band.voices)
    return Speech(statistics, lengths, np.repeat(np.arange(len(frames)), counts), step)


def find_speakers(
    sound: Sound,
    speech: Mask,
    limits: Limits,
    config: Config,
    report: Callable[[float], None] = lambda fraction: None,
) -> Annotation:
    """Return who speaks when, given the frames with speech, of which there is one at least."""
    blocks = cut_speech(sound, speech, config.speakers.block)
    outcome = infer(blocks, sound.band.voices, limits, config, report)
    calibration = Calibration(config.output.confidence_slope, config.output.confidence_offset)
    overlap = find_overlap(sound, speech, blocks, outcome, config)
    return bridged(annotate(outcome, blocks, speech, sound.frames, calibration, overlap), config.output.max_pause)


def find_overlap(sound: Sound, speech: Mask, blocks: Speech, outcome: Outcome, config: Config) -> Floats | None:
    """Return how probable a second speaker is, (n_frames,), 0 where none is found; None where none is looked for."""
    model, settings = sound.band.overlap, config.overlap
    if model is None or not settings.enabled or outcome.n_speakers < 2:
        return None
    labels, evidence = compare_speakers(sound, speech, blocks, outcome, config)
    step = sound.band.features.frame_step
    odds = model.log_odds(sound.described.frames, evidence, labels, step)
    odds = settings.acoustic_scale * CELL * (odds + settings.bias)
    odds[np.diff(cell_edges(speech)) == 0] = -np.inf
    least = max(1, round(settings.min_overlap / (step * CELL)))
    chain = hmm.MinimumDuration(_alternation(1 - settings.stay**CELL), np.array([1, least]))
    found = np.stack([np.zeros(len(odds)), odds], axis=1)
    cells = (hmm.viterbi(found, chain)[0] == 1) * hmm.forward_backward(found, chain).posterior[:, 1]
    return np.where(speech, np.repeat(cells, CELL)[: len(speech)], 0.0)


def compare_speakers(
    sound: Sound, speech: Mask, blocks: Speech, outcome: Outcome, config: Config
) -> tuple[Labels, Floats]:
    """Return who speaks in each frame, -1 for nobody, and the log-likelihood of all speakers in each cell of overlap.

    The first of the eigenvoice models is enough for that.
    """
    labels = np.full(len(speech), -1, dtype=np.intp)
    labels[speech] = np.repeat(outcome.labels, blocks.lengths)
    voices, settings = sound.band.voices[0], config.speakers
    statistics = blocks.statistics[0]
    speakers = voices.posterior(statistics, outcome.posterior, settings.acoustic_scale, settings.prior)
    x = voice_features(sound.spectrum, speech, sound.band.features)
    return labels, voices.evidence(x, cell_edges(speech), speakers)


def annotate(
    outcome: Outcome,
    blocks: Speech,
    speech: Mask,
    frames: FrameGrid,
    calibration: Calibration | None = None,
    overlap: Floats | None = None,
) -> Annotation:
    """Turn the outcome into turns; speakers are named in the order of their first words.

    Where `overlap` (n_frames,) is above 0, the nearest other speaker speaks as well, with that confidence.
    """
    order = np.unique(outcome.labels, return_index=True)[1].argsort()
    names = np.empty(len(order), dtype=object)
    names[order] = [f"speaker{number}" for number in range(1, len(order) + 1)]
    labels = np.full(len(speech), -1, dtype=np.intp)
    labels[speech] = np.repeat(outcome.labels, blocks.lengths)
    confidence = np.zeros(len(speech))
    sure = outcome.posterior[np.arange(len(outcome.labels)), outcome.labels]
    confidence[speech] = np.repeat((calibration or Calibration()).apply(sure), blocks.lengths)
    turns = frames.turns(labels, list(names), confidence)
    if overlap is not None:
        turns += frames.turns(second_speakers(labels, overlap > 0), list(names), overlap)
    return Annotation(turns)


def bridged(annotation: Annotation, max_pause: float) -> Annotation:
    """Join turns of the same speaker with a pause of at most `max_pause` seconds in which nobody else speaks."""
    ending = {(turn.end, turn.speaker): turn for turn in annotation}
    pauses = {after.start: before.end for before, after in pairwise(annotation.speech())}
    turns = list(annotation)
    for turn in annotation:
        start = pauses.get(turn.start, -np.inf)
        before = ending.get((start, turn.speaker))
        if before and turn.start - start <= max_pause:
            turns.append(Turn(start, turn.start, turn.speaker, min(before.confidence or 0, turn.confidence or 0)))
    return Annotation(turns, annotation.uri)
