"""`diarize edit`: a recording in, a page from a local server on which its turns are corrected and learnt from."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

import click

from diarize.cli import heard, options
from diarize.cli.output import is_standard, keep_sources, need_parent, warn, write_result
from diarize.cli.progress import progress_line
from diarize.cli.report import said
from diarize.errors import AudioError, ConfigError, counted
from diarize.locks import locked

if TYPE_CHECKING:
    from diarize.cli.heard import Part
    from diarize.editor.session import Session


@click.command()
@click.argument("audio", metavar="AUDIO", type=options.FILE)
@click.argument("turns", metavar="[TURNS]", type=options.FILE, required=False)
@options.output("OUT", "Where to save; TURNS without it, else AUDIO's name with .json.")
@options.config()
@options.num_speakers()
@options.transcript()
@options.all_of(heard.one_channel(), heard.track())
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="The port; without it the same for this file each time."
)
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser, or only print its address.")
@options.progress()
@options.quiet()
def edit(
    audio: Path,
    turns: Path | None,
    output: Path | None,
    config: str,
    num_speakers: int | None,
    transcript: Path | None,
    channel: int | None,
    part: Part,
    port: int | None,
    browser: bool,
    progress: str,
    quiet: bool,
) -> None:
    """Correct the TURNS of AUDIO in the browser; corrections teach the diarizer.

    Without TURNS the recording is diarized first. The page comes from a server that only this machine reaches; Ctrl-C
    ends it. What was not saved by then is kept beside OUT and shown the next time.
    """
    target = _target(audio, turns, output, transcript)
    shown = turns or (target if target.exists() else None)

    from diarize.editor.files import Output, opened

    with ExitStack() as stack:
        file = Output(target)
        stack.enter_context(locked(target))  # a second editor is told before anything slow begins
        serving = _needed()

        from diarize.config import load_config
        from diarize.editor import preparing
        from diarize.editor.learning import Learner
        from diarize.editor.session import Session
        from diarize.pipeline import Diarizer

        cues, source = said(transcript), part.of(audio)
        learner = Learner(Diarizer(load_config(config)), source, channel, num_speakers)
        place = stack.enter_context(serving.listening(target, port))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="diarize-")))
        with progress_line(audio.name, quiet, progress) as show:
            work = preparing.diarized(learner, audio, show) if shown is None else opened(shown, audio.stem)
            sound = preparing.heard(source, audio, folder, work, channel, show)
        if shown is not None:
            preparing.need_match(shown, work, audio.stem, sound.scape.duration)
            learner.start()
        session = Session(sound, work, file, learner, cues)
        _begin(session, turns, quiet)
        try:
            serving.serve(session, place, lambda address: _show(address, browser))
        except KeyboardInterrupt:  # how a person ends it
            _end(session, quiet)


def _target(audio: Path, turns: Path | None, output: Path | None, transcript: Path | None) -> Path:
    """Return where corrections are saved, seen to be possible before any work is done."""
    if not audio.is_file():
        raise AudioError(f"{audio}: no such file")
    if output is not None and is_standard(output):
        raise click.UsageError("corrections are saved to a file, not to standard output; name one, such as talk.json")
    target = output or turns or audio.with_suffix(".json")
    need_parent(target)
    keep_sources(target, audio, transcript)
    return target


def _needed() -> ModuleType:
    """Return the module that serves, which needs packages that not everybody installs."""
    try:
        from diarize.editor import serving
    except ImportError as error:
        raise ConfigError(
            f'the editor needs starlette and uvicorn ({error}): pip install "gmm-diarize[edit]"'
        ) from None
    return serving


def _begin(session: Session, turns: Path | None, quiet: bool) -> None:
    """Say what a person would not expect, before the page opens."""
    path = session.output.path
    if turns is not None and path != turns and path.exists():
        warn(f"{path} is there already: a save keeps it as a backup; to go on with it, give it in place of {turns}")
    if not session.output.keeps_marks:
        warn(f"{path}: what is checked is kept in JSON only; -o {path.with_suffix('.json').name} would keep it")
    if session.journal.read() is not None and not quiet:
        click.echo(f"diarize: corrections that were not saved are shown again, from {session.journal.path}", err=True)


def _show(address: str, browser: bool) -> None:
    write_result(f"{address}\n")
    if browser:
        Thread(target=_open, args=(address,), daemon=True).start()  # one in the terminal would keep the server waiting


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        warn("no browser was found; open the address in one yourself")


def _end(session: Session, quiet: bool) -> None:
    """Say what was saved, and what not."""
    if quiet:
        return
    path, journal = session.output.path, session.journal
    saved = f"{path} was saved {counted(session.n_saves, 'time')}" if session.n_saves else f"{path} was not written"
    rest = f"; later corrections are in {journal.path} and shown the next time" if journal.read() is not None else ""
    click.echo(f"diarize: {saved}{rest}", err=True)
