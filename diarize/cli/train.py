"""`diarize train`: a new background model and eigenvoices from folders of speech."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from diarize.cli import options
from diarize.cli.output import need_parent
from diarize.cli.progress import progress_line

INPUT_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("speech_dirs", metavar="SPEECH_DIR...", nargs=-1, required=True, type=INPUT_FOLDER)
@options.output("MODEL.npz", "The model file to write.", required=True)
@click.option("--noise", metavar="DIR", type=INPUT_FOLDER, help="Background sounds to mix in.")
@click.option("--rooms", metavar="DIR", type=INPUT_FOLDER, help="Room impulse responses to play the speech through.")
@click.option(
    "--voices-of",
    metavar="MODEL.npz",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Keep this model and learn only how one voice differs between sessions.",
)
@options.config()
@options.seed()
@options.progress()
@options.quiet()
def train(
    speech_dirs: tuple[Path, ...],
    output: Path,
    noise: Path | None,
    rooms: Path | None,
    voices_of: Path | None,
    config: str,
    seed: int | None,
    progress: str,
    quiet: bool,
) -> None:
    """Train the models from every SPEECH_DIR, which holds one folder of audio files a speaker.

    Each speaker is also used in disturbed copies: other microphones, rooms and backgrounds. The part of a file's name
    before `__` is its session; speakers with several teach how one voice varies.
    """
    if output.suffix != ".npz":
        raise click.UsageError(f"the model file must end in .npz, got {output}")
    need_parent(output)

    from threadpoolctl import threadpool_limits

    from diarize.config import load_config
    from diarize.model import Model
    from diarize.training import learn_sessions
    from diarize.training import train as train_model

    threadpool_limits(1)  # of small products; more threads would wait for each other
    settings = load_config(config)
    start = settings.seed if seed is None else seed
    work = partial(learn_sessions, Model.load(voices_of)) if voices_of else train_model
    with progress_line("training", quiet, progress) as show:
        model = work(*speech_dirs, noise_dir=noise, rooms_dir=rooms, config=settings, seed=start, progress=show)
    model.save(output)
