"""`diarize gmm segment` and `diarize gmm background`: pictures and videos."""

from __future__ import annotations

from pathlib import Path

import click

from diarize.cli import options
from diarize.cli.output import need_parent, need_standard_output, refuse_as_folder, write_result
from diarize.cli.progress import progress_line
from diarize.errors import counted


@click.command()
@click.argument("image", metavar="IMAGE", type=options.INPUT)
@options.output(
    "OUT.png", "The picture in its segments' colours; with .npy, the number of each pixel's segment.", required=True
)
@click.option("--segments", type=options.COUNT, metavar="N", help="How many; chosen by BIC otherwise.")
@click.option("--max-segments", default=8, show_default=True, type=options.COUNT, metavar="N", help="At most.")
@click.option("--colour-space", default="lab", show_default=True, type=click.Choice(["lab", "rgb"]), help="Colours.")
@click.option(
    "--spatial", default=0.0, show_default=True, type=options.Number(0), metavar="S", help="Weight of the place."
)
@click.option(
    "--smoothing",
    default=0.0,
    show_default=True,
    type=options.Number(0),
    metavar="PIXELS",
    help="Width of the filter over probabilities.",
)
@options.seed(default=0)
@options.quiet(handed=False)
def segment(
    image: Path,
    output: Path,
    segments: int | None,
    max_segments: int,
    colour_space: str,
    spatial: float,
    smoothing: float,
    seed: int,
) -> None:
    """Divide IMAGE into segments of similar colour, and print how large they are and their mean colours."""
    need_parent(output)
    need_standard_output()
    from diarize.cli.pictures import naming, read_picture, write_array, write_picture
    from diarize.gmm.uses.image import segment_image

    picture = read_picture(image)
    with naming(image):
        segmentation = segment_image(
            picture,
            segments or "bic",
            max_segments=max_segments,
            colour_space=colour_space,
            spatial=spatial,
            smoothing=smoothing,
            random_state=seed,
        )
    if output.suffix.lower() == ".npy":
        write_array(output, segmentation.labels)
    else:
        write_picture(output, segmentation.picture(picture.dtype))
    lines = ["segment  share %  mean colour"]
    for number, (share, colour) in enumerate(zip(segmentation.shares, segmentation.colours, strict=True)):
        lines.append(f"{number:7d}  {100 * share:7.2f}  {' '.join(f'{value:.0f}' for value in colour)}")
    write_result("".join(f"{line}\n" for line in lines))


@click.command()
@click.argument("video", metavar="VIDEO", type=options.INPUT)
@options.output(
    "DIR|OUT.npy",
    "Folder for the masks, 000001.png and so on; or one file for all.",
    required=True,
    kind=options.PATH,
)
@click.option("--history", default=500, show_default=True, type=options.COUNT, metavar="N", help="Frames remembered.")
@click.option(
    "--threshold",
    default=16.0,
    show_default=True,
    type=options.Number(0, above=True),
    metavar="D",
    help="Squared distance from the background, in variances, above which a pixel is foreground.",
)
@click.option("--no-shadows", is_flag=True, help="Do not mark shadows.")
@click.option(
    "--background",
    "still",
    metavar="OUT.png",
    type=options.FILE,
    help="Also write the picture of what stands still.",
)
@click.option(
    "--state",
    metavar="OUT.npz",
    type=options.FILE,
    help="Also write what was learnt, for BackgroundSubtractor.load.",
)
@options.quiet()
def background(
    video: Path,
    output: Path,
    history: int,
    threshold: float,
    no_shadows: bool,
    still: Path | None,
    state: Path | None,
    quiet: bool,
) -> None:
    """Mark what moves in VIDEO: in each mask 255 is foreground, 127 its shadow and 0 background.

    VIDEO is a file, a folder of pictures in the order of their names, or a NumPy array of frames (.npy). In the first
    frame everything is new.
    """
    need_standard_output()
    if output.suffix.lower() != ".npy":
        refuse_as_folder(output, ".npy")
    for path in (still, state):
        if path is not None:
            need_parent(path)
    from diarize.cli.pictures import MaskWriter, naming, open_video, write_picture
    from diarize.gmm.uses.background import BackgroundSubtractor

    subtractor = BackgroundSubtractor(history, threshold, not no_shadows, n_jobs=-1)
    frames = open_video(video)
    with MaskWriter(output) as masks, naming(video), progress_line("background", quiet) as progress:
        for frame in frames:
            masks.add(subtractor.apply(frame))
            if progress is not None and frames.count:
                progress("frames", min(masks.count / frames.count, 1.0))
    if still is not None:
        write_picture(still, subtractor.background())
    if state is not None:
        subtractor.save(state)
    write_result(
        f"{counted(masks.count, 'frame')}; foreground {100 * masks.foreground:.2f} %, "
        f"shadow {100 * masks.shadow:.2f} % of the pixels after the first\n"
    )
