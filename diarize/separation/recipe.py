"""One sound file for each speaker of a recording: cut where one speaks, separated where several do."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from diarize.annotation import Annotation
from diarize.audio import AudioInput, open_audio, rereadable
from diarize.audio.writing import CONTAINERS, sound_writer
from diarize.errors import ConfigError, DiarizeWarning, counted, shortlist
from diarize.formats.files import atomic_file, new_folders
from diarize.gmm import SpectralSource, separate_sources
from diarize.progress import Progress, Report, watched
from diarize.separation.schedule import Stretch, envelope, stretches
from diarize.separation.transform import OVERLAP, Samples, to_samples, to_spectra
from diarize.separation.voices import Voices, chosen_alone, cut, learn

_HOP = 0.016  # s
_FADE = 0.005  # s, on both sides of an edge
CHUNK = 1875  # hops that are separated at a time: 30 s
_REACH = 4  # hops beside what is needed, so that frames have their neighbours
_MARGIN = OVERLAP + _REACH + 2  # hops


def separate(
    audio: AudioInput,
    annotation: Annotation,
    folder: str | os.PathLike[str],
    *,
    channel: int | None = None,
    container: str = "wav",
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Write one mono file for each speaker, as long as the recording and at its sample rate.

    Where a speaker talks alone, the file is the recording. Where several talk, it is the sound of this speaker,
    separated from the others. Elsewhere it is silent. Edges are faded over 10 ms. Wherever anybody talks, all files
    add up to the recording.

    Parameters
    ----------
    audio : path, binary file or tuple of array and sample rate (Hz)
        The recording. It is read twice, in blocks; what can be read only once is copied to a temporary file first.
    annotation : Annotation
        Who speaks when; its id begins the names of the files.
    folder : path
        Where `<uri>-<speaker>.wav` is written; made where it does not exist.
    channel : int, optional
        1-based channel to use; the mean of all channels without it.
    container : {'wav', 'flac'}
        Kind of the files, of 24 bits.
    progress : callable, optional
        Called with the name of the stage and the fraction of its work that is done; it ends the work by
        returning False.

    Returns
    -------
    dict of str to Path
        The file of each speaker; empty, with a DiarizeWarning, where nobody speaks.

    Raises
    ------
    AudioError, FormatError, ConfigError
        The recording cannot be read, a file cannot be written, or an argument cannot be used.
    Cancelled
        `progress` returned False; no file is left.

    References
    ----------
    S. T. Roweis. Factorial models and refiltering for speech separation and denoising. Eurospeech 2003.
    doi:10.21437/Eurospeech.2003-345
    """
    if container not in CONTAINERS:
        raise ConfigError(f"container must be {' or '.join(CONTAINERS)}, got {container!r}")
    targets = _targets(annotation, Path(folder), container)
    if not targets:
        warnings.warn(f"{annotation.uri}: nobody speaks in it; no file is written", DiarizeWarning, stacklevel=2)
        return {}
    with new_folders() as need, rereadable(audio) as recording, watched(progress) as report:
        need(Path(folder))
        _write(recording, annotation, targets, channel, report)
    return targets


def _write(
    audio: AudioInput, annotation: Annotation, targets: dict[str, Path], channel: int | None, report: Report
) -> None:
    """Write the files of all speakers, chunk by chunk."""
    with open_audio(audio, 16000, channel) as stream:
        rate = stream.native_sample_rate
    plan, hop = stretches(annotation, rate), round(_HOP * rate)
    report("voices", 0.0)
    voices = _learned(audio, channel, plan, rate, lambda done: report("voices", done))
    end = max((stretch.end for stretch in plan), default=1)
    with ExitStack() as stack:
        writers = {}
        for speaker, target in targets.items():
            file = stack.enter_context(atomic_file(target))
            writers[speaker] = stack.enter_context(sound_writer(file, rate, target.suffix[1:]))
        stream = stack.enter_context(open_audio(audio, rate, channel))
        for start, length, samples in chunks(stream, CHUNK * hop, _MARGIN * hop):
            for speaker, sound in _chunk(samples, start, plan, voices, rate).items():
                writers[speaker](sound[:length])
            silence = np.zeros(length, dtype=np.float32)
            for speaker in set(writers) - _speaking(plan, start, rate):
                writers[speaker](silence)
            report("separation", min(1.0, (start + length) / end))
        _warn_beyond(annotation, stream.duration)


def _warn_beyond(annotation: Annotation, duration: float) -> None:
    """Warn of turns that begin after the recording has ended: they add nothing to any file."""
    beyond = [turn for turn in annotation if turn.start >= duration]
    if beyond:
        silent = sorted({turn.speaker for turn in beyond} - {turn.speaker for turn in annotation if turn not in beyond})
        files = f"; nothing is heard in the files of {shortlist(silent)}" if silent else ""
        warnings.warn(
            f"{annotation.uri}: {counted(len(beyond), 'turn begins', 'turns begin')} after its end at "
            f"{duration:.3f} s{files}",
            DiarizeWarning,
            stacklevel=4,
        )


def _targets(annotation: Annotation, folder: Path, container: str) -> dict[str, Path]:
    """Return the file of each speaker; names that would be the same get a number."""
    targets: dict[str, Path] = {}
    for speaker in annotation.labels:
        stem = re.sub(r"[^\w.+-]", "_", f"{annotation.uri or 'audio'}-{speaker}")
        name, number = stem, 1
        while any(path.name.casefold() == f"{name}.{container}".casefold() for path in targets.values()):
            number += 1
            name = f"{stem}-{number}"
        targets[speaker] = folder / f"{name}.{container}"
    return targets


def _learned(
    audio: AudioInput, channel: int | None, plan: list[Stretch], rate: int, report: Callable[[float], None]
) -> Voices:
    """Return the models of the speakers who talk beside others, after a pass over the recording."""
    wanted = chosen_alone(plan, rate)
    alone: dict[str, list[Samples]] = {}
    if wanted:
        with open_audio(audio, rate, channel) as stream:
            for stretch, piece in zip(wanted, cut(stream, wanted), strict=True):
                alone.setdefault(stretch.speakers[0], []).append(piece)
    return learn(plan, alone, round(_HOP * rate), rate, report)


def chunks(blocks: Iterable[Samples], size: int, margin: int) -> Iterator[tuple[int, int, Samples]]:
    """Give place, length and samples of chunks with a margin on both sides, zero beyond the recording.

    The samples are always size + 2 margin; `length` is less than the size in the last chunk only.
    """
    held, start = np.zeros(margin, dtype=np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= size + 2 * margin:
            yield start, size, held[: size + 2 * margin]
            held, start = held[size:], start + size
    left = len(held) - margin
    while left > 0:
        padded = np.zeros(size + 2 * margin, dtype=np.float32)
        padded[: min(len(held), len(padded))] = held[: len(padded)]
        yield start, min(size, left), padded
        held, start, left = held[size:], start + size, left - size


def _speaking(plan: list[Stretch], start: int, rate: int) -> set[str]:
    """Return who is heard in the chunk that starts there."""
    end, fade = start + CHUNK * round(_HOP * rate), max(1, round(_FADE * rate))
    return {name for each in plan if each.start - fade < end and each.end + fade > start for name in each.speakers}


def _chunk(samples: Samples, start: int, plan: list[Stretch], voices: Voices, rate: int) -> dict[str, Samples]:
    """Return the sound of everybody who is heard in a chunk of a recording, (n_samples,) each."""
    hop, fade = round(_HOP * rate), max(1, round(_FADE * rate))
    margin = _MARGIN * hop
    size = len(samples) - 2 * margin
    sounds = {name: np.zeros(size, dtype=np.float32) for name in _speaking(plan, start, rate)}
    for stretch in plan:
        first, last = max(stretch.start - fade, start), min(stretch.end + fade, start + size)
        if first >= last:
            continue
        loud = envelope(stretch, first, last, fade)
        inside = slice(first - start, last - start)
        separated = _sounds(
            samples, first - start + margin, last - start + margin, voices.of(stretch.speakers), hop, voices
        )
        for place, name in enumerate(stretch.speakers):
            if len(stretch.speakers) == 1:
                sounds[name][inside] += loud * samples[margin:][inside]
            elif separated is None:
                sounds[name][inside] += loud * samples[margin:][inside] / len(stretch.speakers)
            else:
                sounds[name][inside] += loud * separated[place]
    return sounds


def _sounds(
    samples: Samples, first: int, last: int, sources: list[SpectralSource] | None, hop: int, voices: Voices
) -> list[Samples] | None:
    """Return the separated sounds of samples `first` up to `last`, None where there is nothing to tell them apart by.

    Frames lie on one grid for the whole recording, so frames that two chunks share are the same in both.
    """
    if sources is None:
        return None
    low = (first // hop - OVERLAP + 1 - _REACH) * hop
    high = (-(-last // hop) + OVERLAP - 1 + _REACH) * hop
    spectra = to_spectra(samples[low:high], hop)
    masks = separate_sources(np.log(np.abs(spectra) ** 2 + np.float32(voices.floor)), sources)
    return [to_samples(mask * spectra, hop)[first - low : last - low] for mask in masks]
