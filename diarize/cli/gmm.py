"""`diarize gmm`: what mixtures are good for besides speakers. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import click

from diarize.cli.group import LazyGroup

# name: (where the command lives, what it does)
_COMMANDS = {
    "select": ("diarize.cli.gmm_tables:select", "Compare mixtures of each covariance and size."),
    "cluster": ("diarize.cli.gmm_tables:cluster", "Put rows into groups, softly."),
    "anomalies": ("diarize.cli.gmm_tables:anomalies", "Find the rows that are unlike the others."),
    "impute": ("diarize.cli.gmm_tables:impute", "Fill in missing entries."),
    "density": ("diarize.cli.gmm_tables:density", "Estimate the density of rows."),
    "features": ("diarize.cli.gmm_tables:features", "Describe rows by their place in a mixture."),
    "segment": ("diarize.cli.gmm_media:segment", "Divide a picture into segments of similar colour."),
    "background": ("diarize.cli.gmm_media:background", "Find what moves in a video."),
}


@click.group(cls=LazyGroup, commands_at=_COMMANDS)
def gmm() -> None:
    """Use Gaussian mixtures on pictures, videos and tables."""
