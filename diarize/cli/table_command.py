"""What commands on tables share: options, the rows to work on, errors with the file's name, results and pictures."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.output import file_or_standard, need_parent, write_result
from diarize.cli.progress import progress_line

if TYPE_CHECKING:
    import numpy.typing as npt

    from diarize.formats.tables import Table

INPUT = [
    click.argument("data", metavar="DATA", type=options.INPUT),
    options.output("OUT", "The table to write; CSV on standard output where it is left out or '-'."),
    *options.columns(),
    click.option("--plot", metavar="PICTURE", type=options.FILE, help="A picture to draw."),
    options.seed(default=0),
    options.quiet(),
]
SEARCH = [
    options.components(9, "Try up to N Gaussians."),
    click.option(
        "--covariance",
        type=click.Choice(options.COVARIANCES),
        multiple=True,
        help="Try this covariance; may be repeated. All by default.",
    ),
    click.option(
        "--criterion",
        type=click.Choice(["bic", "aic", "icl", "cv"]),
        default="bic",
        show_default=True,
        help="What decides.",
    ),
    click.option("--raw", is_flag=True, help="Do not standardise the columns."),
]


class Work:
    """A table, the columns to work on, and where the results go."""

    def __init__(
        self, data: Path, output: Path | None, columns: str, left_out: str, plot: Path | None, seed: int, quiet: bool
    ) -> None:
        from diarize.errors import FormatError, quoted, shortened
        from diarize.formats.tables import read_table

        output = file_or_standard(output)
        for path in (output, plot):
            if path is not None:
                need_parent(path)
        if plot is not None:
            _need_matplotlib(plot)
        self.output, self.plot, self.seed, self.quiet = output, plot, seed, quiet
        self.table: Table = read_table(data)
        self.names = self.table.chosen(listed(columns), listed(left_out))
        self.rows: npt.NDArray[Any] = self.table.numbers(self.names)
        for name, cells in zip(self.names, self.rows.T, strict=True):
            if (cells != cells).all():
                hint = f"leave it out by --except {shortened(name)}"
                raise FormatError(f"{data}: column {quoted(name)} has no value; {hint}")

    def need_all(self) -> None:
        """Raise an error where a cell is empty, for estimators that need all of them."""
        from diarize.errors import FormatError, quoted

        empty = (self.rows != self.rows).nonzero()
        if len(empty[0]):
            row, column = empty[0][0], empty[1][0]
            raise FormatError(
                f"{self.table.path}:{self.table.lines[row]}: column {quoted(self.names[column])} is empty; "
                "fill it in first, for example with `diarize gmm impute`"
            )

    @contextmanager
    def running(self) -> Iterator[Callable[[str, float], None]]:
        """Show progress; end errors and warnings of the estimators as this program's own, with the file's name."""
        from sklearn.exceptions import ConvergenceWarning

        from diarize.errors import DiarizeWarning, FormatError, shortened

        with (
            warnings.catch_warnings(record=True) as caught,
            progress_line(Path(self.table.path).name, self.quiet) as progress,
        ):
            warnings.simplefilter("always", ConvergenceWarning)
            show: Callable[[str, float], None] = progress or (lambda stage, fraction: None)
            show("fitting", 0.0)
            try:
                yield show
            except ValueError as error:
                raise FormatError(f"{self.table.path}: {shortened(error)}") from error
        for text in dict.fromkeys(str(item.message) for item in caught):
            warnings.warn(f"{self.table.path}: {text}", DiarizeWarning, stacklevel=3)

    def write(self, new: dict[str, Any], kept: dict[str, Any] | None = None) -> None:
        """Write the table with new columns beside those that it has; a name that is taken gets a _ in the end."""
        from diarize.formats.tables import write_table

        columns = dict(zip(self.table.names, self.table.columns, strict=True)) if kept is None else dict(kept)
        for name, cells in new.items():
            while name in columns:
                name += "_"
            columns[name] = cells
        if self.output is not None:
            write_table(columns, self.output)
            return
        text = StringIO()
        write_table(columns, text)
        write_result(text.getvalue())

    def draw(self, draw: Callable[[Any], object]) -> None:
        """Draw the picture, if one is wanted."""
        if self.plot is None:
            return
        from matplotlib.figure import Figure

        from diarize.formats.files import atomic_file

        figure = Figure(figsize=(7, 4.5), dpi=120, layout="constrained")
        draw(figure.subplots())
        with atomic_file(self.plot) as file:
            figure.savefig(file, format=self.plot.suffix[1:])


def _need_matplotlib(plot: Path) -> None:
    from diarize.errors import ConfigError

    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ConfigError(f'{plot}: pictures need matplotlib: pip install "gmm-diarize[plot]"') from error
    endings = sorted(FigureCanvasBase.filetypes)
    if plot.suffix[1:] not in endings:
        raise click.UsageError(f"{plot}: a picture ends in one of {', '.join('.' + ending for ending in endings)}")


def listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
