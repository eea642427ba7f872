"""The diarizer: audio -> features -> speech -> speakers -> smoothing -> annotation."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from diarize.annotation import Annotation, Segment, Turn
from diarize.audio import AudioInput, audio_uri
from diarize.channels.choice import Choice, alone, apart, in_words
from diarize.channels.legs import at_end, joined, own_detections, shared_out
from diarize.channels.own import own_speech
from diarize.channels.relation import Relation, relation_of
from diarize.config import Config, load_config
from diarize.correction import check_people, corrected
from diarize.diarization import Diarization
from diarize.errors import ConfigError, DiarizeWarning, ModelError, quoted
from diarize.formats.marks import read_speech_marks
from diarize.gmm.engine.threads import one_blas_thread
from diarize.hints import Hints
from diarize.model import BandModel, Model, model_named
from diarize.progress import Progress, Report, watched
from diarize.stages.blocks import SpeechBlocks, cut_blocks
from diarize.stages.confidence import Calibration
from diarize.stages.detection import Detection, detect_speech
from diarize.stages.limits import UNLIMITED, Limits
from diarize.stages.overlap import find_overlap
from diarize.stages.recording import Recording, analyse
from diarize.stages.rounds import Outcome
from diarize.stages.turns import Namer, bridged, make_turns, name_speakers, numbered
from diarize.stages.vbhmm import infer
from diarize.stages.voiceless import is_voice
from diarize.voices.people import Voices

_logger = logging.getLogger(__name__)
_SHARES = {"audio": 0.0, "speech": 0.13, "voices": 0.33, "speakers": 0.47, "overlap": 0.87}
"""The work that is done when a stage begins, measured on recordings of some minutes to an hour."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """A recording in the band that suits it, with the models of that band, and the people who may be in it."""

    recording: Recording
    band: BandModel
    known: Voices = field(default_factory=Voices)


class Diarizer:
    """Finds who spoke when. One object may serve several threads: nothing in it changes after construction.

    Parameters
    ----------
    config : str, path or Config
        The name of a shipped configuration, the path of a TOML file, or a `Config`.
    model : Model, optional
        Instead of the one that the configuration names.
    voices : Voices, optional
        People who are known: whoever of them is heard is easier to tell from the others, and gets the name.

    Raises
    ------
    ConfigError
        The configuration is unknown or wrong.
    ModelError
        The model cannot be read, was trained with other features than the configuration asks for, or is not that of
        the voices.

    Examples
    --------
    >>> from diarize import Diarizer, Segment
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(scale=0.01, size=32000)
    >>> len(Diarizer("fast")((noise, 16000), speech=[Segment(0.5, 1.5)], num_speakers=1))
    1
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Config = "default",
        *,
        model: Model | None = None,
        voices: Voices | None = None,
    ) -> None:
        self.config = config if isinstance(config, Config) else load_config(config)
        if model is None:
            model = model_named(self.config.model)
        if not isinstance(model, Model):
            raise ModelError(f"a model is a Model, got {quoted(model)}; read a file by Model.load(path)")
        self.model = model
        if self.config.features not in (Config().features, model.bands["wide"].features):
            raise ModelError(
                f"the model was trained with {model.bands['wide'].features}, the configuration asks for "
                f"{self.config.features}; leave [features] out or train a model with this configuration"
            )
        if not isinstance(voices, Voices | None):
            raise ModelError(f"known voices are Voices, got {quoted(voices)}; read a file by Voices.load(path)")
        self.voices = Voices() if voices is None else voices
        self.voices.check(model)

    def __call__(
        self,
        audio: AudioInput,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        speech: str | os.PathLike[str] | Iterable[Segment] | None = None,
        channel: int | None = None,
        channels: str | int = "auto",
        channel_names: Sequence[str] | None = None,
        uri: str | None = None,
        hints: Hints | Iterable[Turn] | None = None,
        progress: Progress | None = None,
    ) -> Annotation:
        """Diarize one recording.

        Parameters
        ----------
        audio : path, binary file, (array, sample_rate) or Excerpt
            Arrays are (n_samples,) or (n_samples, n_channels). Times are those of the whole recording.
        num_speakers : int, optional
            The number of speakers, where it is known.
        min_speakers, max_speakers : int, optional
            Limits of that number, where it is not.
        speech : path or iterable of Segment, optional
            Where somebody speaks (RTTM, UEM or LAB, or segments), instead of the built-in detector.
        channel : int, optional
            Use one channel, counted from 1: the same as `channels` with that number.
        channels : {"auto", "separate", "mix"} or int
            "mix" takes the mean of all, "separate" diarizes each by itself, a number takes one. "auto" keeps the legs
            of a call apart and mixes all else; `Diarization.layout` and a log line say what it did.
        channel_names : sequence of str, optional
            Names of all channels, where they are kept apart; channel1, channel2, ... without them.
        uri : str, optional
            Name of the recording in the result; by default the file's name without its ending.
        hints : Hints or iterable of Turn, such as an Annotation, optional
            What is certain: who speaks in some places, where nobody does. It stays, names as well, and the rest is
            found given that.
        progress : callable, optional
            Called with the name of the stage and the fraction of the work that is done, several times a second. It
            ends the work by returning False; what it raises comes through as it is.

        Returns
        -------
        Annotation
            Turns with speakers named speaker1, speaker2, ... in the order of their first words, or after their channel
            where channels are kept apart. Empty where there is no speech.

        Raises
        ------
        AudioError, FormatError, ConfigError
            The audio, the speech marks or the limits cannot be used.
        Cancelled
            `progress` returned False.
        """
        return self.diarize(
            audio,
            num_speakers=num_speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
            speech=speech,
            channel=channel,
            channels=channels,
            channel_names=channel_names,
            uri=uri,
            hints=hints,
            progress=progress,
        ).annotation

    def diarize(
        self,
        audio: AudioInput,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        speech: str | os.PathLike[str] | Iterable[Segment] | None = None,
        channel: int | None = None,
        channels: str | int = "auto",
        channel_names: Sequence[str] | None = None,
        uri: str | None = None,
        hints: Hints | Iterable[Turn] | None = None,
        progress: Progress | None = None,
        name: Namer = numbered,
    ) -> Diarization:
        """Diarize one recording and return all that the annotation stands on.

        Parameters
        ----------
        audio, num_speakers, min_speakers, max_speakers, speech, channel, channels, channel_names, uri, hints, progress
            As for the diarizer itself.
        name : callable
            Gives the name of a speaker from a number, 1 for whoever speaks first.

        Raises
        ------
        AudioError, FormatError, ConfigError, Cancelled
            As for the diarizer itself.
        """
        limits = Limits.of(num_speakers, min_speakers, max_speakers)
        uri = _name(audio, uri)
        given = None if hints is None else _hints(hints)
        check_people(given or Hints(), limits)
        choice = Choice.of(channels, channel, channel_names)
        marks = _marks(speech, uri)
        with one_blas_thread(), watched(progress) as report, choice.readable(audio) as source:
            report("audio", _SHARES["audio"])
            relation = relation_of(source) if choice.asks else Relation()
            legs = apart(choice, relation, limits.most)
            if legs:
                result = self._legs(source, legs, choice, limits, uri, marks, report)
            else:
                taken = alone(choice, relation)
                result = replace(self._whole(source, taken, limits, uri, marks, report, name), channel=taken)
        if relation.n_channels > 1:
            result = replace(result, layout=in_words(relation, legs, choice))
            _logger.info("%s: %s", uri, result.layout)
        result = self.voices.name(result)
        return result if given is None else self.correct(result, given, limits)

    def correct(self, result: Diarization, hints: Hints | Iterable[Turn], limits: Limits = UNLIMITED) -> Diarization:
        """Return a diarization given what a person fixed; the sound is not needed again.

        Parameters
        ----------
        result : Diarization
            Of this or of another diarizer. Where it was corrected before, it is corrected anew: give all hints that
            hold, the earlier ones as well.
        hints : Hints or iterable of Turn, such as an Annotation
        limits : Limits
            Of the number of speakers.

        Raises
        ------
        ConfigError
            More people are named than there may be, or the hints are none.
        """
        if not isinstance(result, Diarization):
            raise ConfigError(f"what is corrected is a Diarization, got {quoted(result)}; `diarize` returns one")
        with one_blas_thread():
            return self.voices.name(corrected(result, _hints(hints), limits))

    def with_turns(self, audio: AudioInput, turns: Annotation, channel: int | None = None) -> Diarization:
        """Return a diarization whose turns are given: to learn from it what its speakers sound like.

        Parameters
        ----------
        audio : path, binary file, (array, sample_rate) or Excerpt
        turns : Annotation
            Who speaks when. Pauses within turns are found here.
        channel : int, optional
            The channel that the turns are of, counted from 1; without it the mean of all.

        Raises
        ------
        AudioError, ModelError
            The audio cannot be used, or the model lacks the band that the configuration asks for.
        """
        with one_blas_thread():
            analysis = self.analyse(audio, channel)
            detection, frames = self.detect(analysis), analysis.recording.frames
        names = tuple(turns.labels)
        result = Diarization(turns, frames, detection, analysis.band, self.model, self.config, names)
        return replace(result, recording=analysis.recording, channel=channel)

    def _whole(
        self,
        audio: AudioInput,
        channel: int | None,
        limits: Limits,
        uri: str,
        marks: list[Segment] | None,
        report: Report,
        name: Namer,
    ) -> Diarization:
        """Diarize one channel, or the mean of all."""
        analysis = self.analyse(audio, channel)
        report("speech", _SHARES["speech"])
        detection = self.detect(analysis) if marks is None else Detection(analysis.recording.frames.mask(marks))
        if not detection.speech.any():
            report("speech", 1.0)
            why = "no speech was found" if marks is None else "no speech is marked in it"
            return self._nothing(analysis, detection, limits, uri, why)
        report("voices", _SHARES["voices"])
        first, last = _SHARES["speakers"], _SHARES["overlap"]
        result = self.attribute(
            analysis,
            detection,
            limits,
            uri,
            lambda done: report("overlap" if done == 1 else "speakers", first + (last - first) * done),
            name,
        )
        report("turns", 1.0)
        return result

    def _legs(
        self,
        audio: AudioInput,
        legs: Sequence[int],
        choice: Choice,
        limits: Limits,
        uri: str,
        marks: list[Segment] | None,
        report: Report,
    ) -> Diarization:
        """Diarize each of some channels by itself."""
        analyses = []
        for number, leg in enumerate(legs):
            analyses.append(self.analyse(audio, leg))
            report("audio", _SHARES["speech"] * (number + 1) / len(legs))
        report("speech", _SHARES["speech"])
        detections = own_detections(
            [analysis.recording for analysis in analyses],
            lambda leg, above: own_speech(
                analyses[leg].recording, above, analyses[leg].band.speech, self.config.speech
            ),
            marks,
        )
        report("voices", _SHARES["voices"])
        first = _SHARES["speakers"]
        results = shared_out(
            lambda leg, detection, most: at_end(
                self.attribute(analyses[leg], detection, most, uri), legs[leg], choice.name(legs[leg])
            ),
            detections,
            limits,
            lambda done: report("speakers", first + (1 - first) * done),
        )
        if not any(results):
            why = "no speech was found" if marks is None else "no speech is marked in it"
            return self._nothing(analyses[0], detections[0], limits, uri, why)
        report("turns", 1.0)
        frames, band = analyses[0].recording.frames, analyses[0].band
        empty = Diarization(Annotation((), uri), frames, detections[0], band, self.model, self.config)
        return joined([result for result in results if result is not None], empty)

    def analyse(self, audio: AudioInput, channel: int | None = None) -> Analysis:
        """Return the recording in the band that suits it, which settings of speech and speakers do not change.

        Raises
        ------
        AudioError, ModelError
            The audio cannot be used, or the model lacks the band that the configuration asks for.
        """
        recording = analyse(audio, self.model.bands["wide"].features, channel, self.model.filters)
        band = self.model.band_of(recording.spectrum, self.config.band)
        return Analysis(recording.within(band.features), band, self.voices)

    def detect(self, analysis: Analysis) -> Detection:
        """Return where speech is."""
        return detect_speech(analysis.recording, analysis.band.speech, self.config.speech)

    def attribute(
        self,
        analysis: Analysis,
        detection: Detection,
        limits: Limits = UNLIMITED,
        uri: str = "",
        report: Callable[[float], None] = lambda fraction: None,
        name: Namer = numbered,
    ) -> Diarization:
        """Return who speaks in the frames with speech; there is one at least.

        Of known people only those count who are recognised in what comes out: without any, nobody was known.
        """
        config, recording, band = self.config, analysis.recording, analysis.band
        found, blocks, outcome = self._voices(analysis, detection, limits, report)
        overlap = None
        if band.overlap is not None and config.overlap.enabled and outcome.n_speakers > 1:
            overlap = find_overlap(recording, blocks, outcome, band.overlap, band.voices[0], config)
        calibration = Calibration(config.output.confidence_slope, config.output.confidence_offset)
        confidence = blocks.over_frames(calibration.apply(outcome.certainty), 0.0)
        labels = blocks.over_frames(outcome.labels, -1)
        names = name_speakers(labels, name)
        turns = make_turns(labels, confidence, overlap, recording.frames, names)
        annotation = Annotation(bridged(turns, config.output.max_pause), uri)
        result = Diarization(
            annotation, recording.frames, found, band, self.model, config, names, blocks, outcome, overlap
        )
        result = replace(result, recording=recording)
        heard = self.voices.recognised(result).values() if len(analysis.known) else ()
        if len(fewer := analysis.known.only(heard)) == len(analysis.known):
            return result
        return self.attribute(replace(analysis, known=fewer), detection, limits, uri, name=name)

    def _voices(
        self, analysis: Analysis, detection: Detection, limits: Limits, report: Callable[[float], None]
    ) -> tuple[Detection, SpeechBlocks, Outcome]:
        """Return who speaks in each block; where the speech was found here, what is no voice loses it first.

        Who is left is then found again, undisturbed. If nobody would be left, or too little for the least number of
        speakers, all stays as it is.
        """
        config, recording, voices = self.config, analysis.recording, analysis.band.voices
        blocks = cut_blocks(recording, detection.speech, voices, config.speakers.block)
        known = analysis.known.sums(self.model.name_of(analysis.band))
        outcome = infer(blocks, voices, limits, config, report, known)
        while config.voiceless.enabled and detection.evidence is not None:
            kept = is_voice(outcome.labels, blocks, recording.cues, voices[0].background, config.voiceless)
            if kept.all() or not kept.any():
                break
            rest = detection.dismiss(blocks.over_frames(~kept[outcome.labels], False))
            fewer = cut_blocks(recording, rest.speech, voices, config.speakers.block)
            if len(fewer) < limits.least:
                break
            outcome = infer(fewer, voices, limits, config, known=known)
            detection, blocks = rest, fewer
        return detection, blocks, outcome

    def _nothing(self, analysis: Analysis, detection: Detection, limits: Limits, uri: str, why: str) -> Diarization:
        if limits.least > 1:
            raise ConfigError(f"{uri}: {why}, so there cannot be {limits.least} speakers")
        warnings.warn(f"{uri}: {why}; the result is empty", DiarizeWarning, stacklevel=5)
        frames = analysis.recording.frames
        return Diarization(Annotation((), uri), frames, detection, analysis.band, self.model, self.config)


def _name(audio: AudioInput, uri: str | None) -> str:
    """Return the recording's id, checked before any work is done."""
    if uri is not None and not isinstance(uri, str):
        raise ConfigError(f"uri must be the recording's id as text, got {quoted(uri)}; use str(...)")
    return audio_uri(audio) if uri is None else uri


def _hints(hints: Hints | Iterable[Turn]) -> Hints:
    if isinstance(hints, Hints):
        return hints
    given = list(hints)
    for turn in given:
        if not isinstance(turn, Turn):
            raise ConfigError(f"hints are Hints or Turns, got {turn!r} among them; use Turn(start, end, speaker)")
    return Hints(given)


def _marks(speech: str | os.PathLike[str] | Iterable[Segment] | None, uri: str) -> list[Segment] | None:
    if isinstance(speech, str | os.PathLike):
        return read_speech_marks(speech, uri)
    marks = None if speech is None else list(speech)
    for mark in marks or []:
        if not isinstance(mark, Segment):
            raise ConfigError(f"speech must be a path or Segments, got {mark!r} among them; use Segment(start, end)")
    return marks
