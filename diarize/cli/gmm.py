"""`diarize gmm`: what mixtures are good for besides speakers. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import click

from diarize.cli.group import LazyGroup

# name: (where the command lives, what it does)
_COMMANDS = {
    "segment": ("diarize.cli.gmm_media:segment", "Divide a picture into segments of similar colour."),
    "background": ("diarize.cli.gmm_media:background", "Find what moves in a video."),
}


@click.group(cls=LazyGroup, commands_at=_COMMANDS)
def gmm() -> None:
    """Use Gaussian mixtures on pictures, videos and tables."""
