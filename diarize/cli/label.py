"""`diarize label`: a transcript of another program gets speakers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from diarize.cli import heard, options
from diarize.cli.output import file_or_standard, keep_sources, need_parent, write_result
from diarize.cli.progress import ProgressCallback, progress_line
from diarize.cli.recordings import read_recording
from diarize.errors import shortlist

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.audio import AudioInput
    from diarize.cli.heard import Part

_OF_DIARIZATION = ("config", "num_speakers", "channels", "channel", "channel_names", "track", "start", "end")


def _renaming(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the new names of speakers: "S1=Anna,S2=Ben"."""
    names: dict[str, str] = {}
    for pair in (pair for value in values for pair in value.split(",")):
        old, equals, new = (part.strip() for part in pair.partition("="))
        if not equals or not old or not new:
            raise click.BadParameter(f"names are OLD=NEW, with commas between, got {pair!r}", param=option)
        names[old] = new
    return names


@click.command()
@click.argument("transcript", metavar="TRANSCRIPT", type=options.INPUT)
@click.option("--turns", metavar="TURNS", type=options.INPUT, help="Who speaks when: RTTM or any other file of turns.")
@click.option("--audio", metavar="AUDIO", type=options.SOUND, help="The recording, to be diarized, where no turns are.")
@options.output("OUT", "File to write, whose ending says the format; standard output by default.")
@click.option(
    "--format", "format", metavar="F", help="vtt, srt, json, ctm, stm, tsv, csv or txt; that of TRANSCRIPT by default."
)
@click.option("--names", metavar="OLD=NEW,...", multiple=True, callback=_renaming, help="Other names for speakers.")
@click.option(
    "--line-length",
    metavar="N",
    type=click.IntRange(min=10),
    help="Cut subtitles to two lines of at most N characters; 42 are usual.",
)
@click.option("--uri", metavar="NAME", help="Which recording, where a file holds several.")
@options.config("Settings of diarization.")
@options.num_speakers()
@options.all_of(heard.channels(), heard.part())
@options.progress()
@options.quiet()
def label(
    transcript: Path,
    turns: Path | None,
    audio: Path | None,
    output: Path | None,
    format: str | None,
    names: dict[str, str],
    line_length: int | None,
    uri: str | None,
    config: str,
    num_speakers: int | None,
    channels: dict[str, Any],
    part: Part,
    progress: str,
    quiet: bool,
) -> None:
    """Put speakers on TRANSCRIPT, which another program made of the same recording.

    It is SRT, WebVTT, CTM, STM, a table, or JSON of whisper (also OpenAI's API, faster-whisper, whisperX, whisper.cpp),
    Amazon Transcribe, AssemblyAI, Azure, Deepgram, Google, Rev.ai, Vosk or YouTube; '-' is standard input. Words are
    given to speakers where words have times, and cues are cut where the speaker changes.
    """
    named = _named_format(output, format)
    _check_sources(transcript, turns, audio)
    target = file_or_standard(output)
    if target is not None:
        need_parent(target)
        keep_sources(target, transcript, turns, audio)

    from diarize.transcripts import label as labelled
    from diarize.transcripts import read_transcript
    from diarize.transcripts.writing import check_format, format_of, text_of, write_transcript

    words = read_transcript(transcript, uri=uri)
    chosen = named or format_of(words)
    check_format(chosen, line_length)
    if turns is not None:
        annotation = read_recording(turns, uri or words.uri)
    else:
        recording = cast(Path, audio)  # one of the two is given
        with progress_line(recording.name, quiet, progress) as show:
            annotation = _diarized(part.of(recording), config, num_speakers, channels, show)
    result = labelled(words, _renamed(annotation, names))
    if target is None:
        write_result(text_of(result, chosen, line_length))
    else:
        write_transcript(result, target, chosen, line_length=line_length)


def _named_format(output: Path | None, format: str | None) -> str | None:
    """Return the format to write, None for that of the transcript."""
    from diarize.transcripts.writing import FORMATS

    ending = output.suffix.lower().removeprefix(".") if output is not None and output != options.STANDARD else None
    named = ending if format is None else format
    if named is not None and named not in FORMATS:
        what = f"the ending of {output}" if format is None else f"--format {format}"
        raise click.UsageError(f"{what} is no format of transcripts (known: {', '.join(FORMATS)})")
    return named


def _check_sources(transcript: Path, turns: Path | None, audio: Path | None) -> None:
    if (turns is None) == (audio is None):
        raise click.UsageError("who speaks when? Name a file of turns by --turns, or the recording by --audio")
    if transcript in (turns, audio):
        raise click.UsageError(f"{transcript} cannot be the transcript and say who speaks")
    given = click.get_current_context().get_parameter_source
    for name in _OF_DIARIZATION if turns else ():
        if given(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--turns says who speaks; leave out --{name.replace('_', '-')}")


def _diarized(
    audio: AudioInput,
    config: str,
    num_speakers: int | None,
    channels: Mapping[str, Any],
    progress: ProgressCallback | None,
) -> Annotation:
    from diarize.config import load_config
    from diarize.pipeline import Diarizer

    diarizer = Diarizer(load_config(config))
    return diarizer(audio, num_speakers=num_speakers, progress=progress, **channels)


def _renamed(annotation: Annotation, names: Mapping[str, str]) -> Annotation:
    unknown = [name for name in names if name not in annotation.labels]
    if unknown:
        known = shortlist(annotation.labels)
        raise click.UsageError(f"--names: there is no speaker {unknown[0]!r} (speakers: {known})")
    return annotation.rename(names)
