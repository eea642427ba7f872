"""The `diarize` command. Nothing heavy is imported before a subcommand runs."""

from __future__ import annotations

import click

from diarize.cli.group import LazyGroup

# name: (where the command lives, what it does)
_COMMANDS = {
    "run": ("diarize.cli.run:run", "Find who spoke when: audio in, RTTM or other formats out."),
    "correct": ("diarize.cli.correct:correct", "Find anew who speaks, given what is certain; no sound is needed."),
    "checks": ("diarize.cli.checks:checks", "List what to look at next in a diarization that was kept."),
    "convert": ("diarize.cli.convert:convert", "Write turns in another format: RTTM, JSON, TextGrid, EAF, SRT ..."),
    "label": (
        "diarize.cli.label:label",
        "Put speakers on a transcript: subtitles, whisper's JSON, CTM ...",
    ),
    "score": ("diarize.cli.score:score", "Compare RTTM with a reference: DER, JER and their parts."),
    "stats": ("diarize.cli.stats:stats", "Show how much each speaker talks, how turns pass, what is silence."),
    "plot": ("diarize.cli.plot:plot", "Draw who speaks when, and what differs from a reference."),
    "report": ("diarize.cli.report:report", "Write a page to see, hear and correct a diarization."),
    "edit": ("diarize.cli.edit:edit", "Correct a diarization in the browser; corrections teach the diarizer."),
    "enroll": ("diarize.cli.enroll:enroll", "Make a person's voice known, for `run --voices`."),
    "voices": ("diarize.cli.voices:voices", "Look at a voice file; rename people or forget them."),
    "link": ("diarize.cli.link:link", "Call the same person the same in several recordings."),
    "combine": ("diarize.cli.combine:combine", "Combine the RTTM of several systems by a vote."),
    "separate": ("diarize.cli.separate:separate", "Write a sound file for each speaker: audio in, WAV or FLAC out."),
    "validate": ("diarize.cli.validate:validate", "List all that is wrong in files of turns or marks, or in settings."),
    "config": ("diarize.cli.config:config", "Look at the settings."),
    "train": ("diarize.cli.train:train", "Train the models from folders of speech."),
    "tune": ("diarize.cli.tune:tune", "Fit the decisive settings to labelled recordings of your own."),
    "gmm": ("diarize.cli.gmm:gmm", "Use Gaussian mixtures on pictures, videos and tables."),
}


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        import diarize

        click.echo(f"diarize {diarize.__version__}")
        context.exit()


@click.group(cls=LazyGroup, commands_at=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Who spoke when: speaker diarization on one CPU core.

    Results go to standard output, progress and errors to standard error. The exit code is 0 when all is done,
    1 after an error, 2 for wrong usage, 130 when interrupted.
    """
