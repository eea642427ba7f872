"""`diarize score`: how far RTTM is from a reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from diarize.cli import options
from diarize.cli.output import need_standard_output, warn, write_result
from diarize.errors import FormatError, quoted

if TYPE_CHECKING:
    from diarize.annotation import Annotation, Segment
    from diarize.evaluation.scoring import Score
    from diarize.formats.about import About

_Content = TypeVar("_Content")
_HEAD: tuple[str, ...] = ("recording", "DER %", "missed", "false alarm", "confusion", "JER %", "speakers", "seconds")


@click.command()
@click.argument("reference", type=options.INPUT)
@click.argument("hypothesis", type=options.INPUT)
@click.option("--uem", type=options.INPUT, metavar="FILE", help="UEM file, or a folder of them: the regions to score.")
@click.option(
    "--collar",
    type=options.Number(0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Time left out on EACH side of every boundary in the reference.",
)
@click.option("--skip-overlap", is_flag=True, help="Leave out where two or more talk at once in the reference.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: times in seconds, rates as fractions of 1.")
@options.quiet(handed=False)
def score(
    reference: Path,
    hypothesis: Path,
    uem: Path | None,
    collar: float,
    skip_overlap: bool,
    as_json: bool,
) -> None:
    """Compare the RTTM in HYPOTHESIS with the one in REFERENCE.

    Both are files or folders of them; recordings are matched by the id inside. A recording that is missing
    on one side counts as empty there. DER, missed, false alarm and confusion are in percent of the speaker time in
    the reference (seconds). Speakers are those of the hypothesis/of the reference. With --uem only the recordings it
    names are scored, else each from the first to the last turn of reference and hypothesis.
    """
    need_standard_output()
    from diarize.annotation import Annotation
    from diarize.evaluation import scoring
    from diarize.formats.uem import read_uem

    references, hypotheses = read_annotations(reference), read_annotations(hypothesis)
    regions = None if uem is None else _read(uem, (".uem",), read_uem)
    scores = {
        uri: scoring.score(
            references.get(uri, Annotation()),
            hypotheses.get(uri, Annotation()),
            uem=None if regions is None else regions[uri],
            collar=collar,
            skip_overlap=skip_overlap,
        )
        for uri in _recordings(references, hypotheses, regions)
    }
    pooled = scoring.pooled(scores.values())
    text = _as_json(scores, pooled, collar, skip_overlap) if as_json else _as_table(scores, pooled)
    write_result(f"{text}\n")


def read_annotations(path: Path) -> dict[str, Annotation]:
    """Return the annotation of each recording that a file or a folder says something of.

    In a folder the files of one format count: of the first one in the table of formats that has any there.
    """
    return {uri: annotation for uri, (annotation, _) in read_described(path).items()}


def read_described(path: Path) -> dict[str, tuple[Annotation, About]]:
    """Return the same with what else a file says of each recording."""
    from diarize.annotation import Annotation
    from diarize.formats import registry
    from diarize.formats.about import About
    from diarize.formats.files import files_in
    from diarize.formats.kaldi import is_kaldi

    def described(file: Path) -> dict[str, tuple[Annotation, About]]:
        annotations, about = registry.read_described(file)
        return {uri: (annotation, about.get(uri, About())) for uri, annotation in annotations.items()}

    def read(file: Path) -> dict[str, tuple[Annotation, About]]:
        # a recording without speech gives an empty file, which is still about the recording it is named after
        uri = registry.stem_of(file)
        return described(file) or {uri: (Annotation(uri=uri), About())}

    if not path.is_dir() or is_kaldi(path):
        return described(path)
    rows = [(*item.endings, *item.shared) for item in registry.FORMATS if item.parse and not item.folder]
    endings = [tuple(ending.lower() for ending in row) for row in rows]
    return _read(path, next((some for some in endings if files_in(path, some)), endings[0]), read)


def _read(path: Path, endings: tuple[str, ...], read: Callable[[Path], dict[str, _Content]]) -> dict[str, _Content]:
    """Return what a file, or each file of a folder with one of the endings, says of each recording."""
    from diarize.formats.files import files_in

    if not path.is_dir():
        return read(path)
    files = files_in(path, endings)
    if not files:
        raise FormatError(f"{path}: no {' or '.join(endings)} files in this folder")
    contents: dict[str, _Content] = {}
    origin: dict[str, Path] = {}
    for file in files:
        for uri, content in read(file).items():
            if uri in contents:
                raise FormatError(
                    f"{file}: recording {quoted(uri)} is in {origin[uri]} already; results of several channels or "
                    "systems need a folder each"
                )
            contents[uri], origin[uri] = content, file
    return contents


def _recordings(
    references: dict[str, Annotation], hypotheses: dict[str, Annotation], regions: dict[str, list[Segment]] | None
) -> list[str]:
    """Return the recordings to score, with a line on stderr for each that is not on both sides."""
    uris = sorted({*references, *hypotheses})
    if references and hypotheses and not references.keys() & hypotheses.keys():
        first, second = next(iter(references)), next(iter(hypotheses))
        raise FormatError(
            f"no recording is in both: the reference has {quoted(first)}, the hypothesis {quoted(second)}, ..."
        )
    if regions is not None:
        _note("not in the UEM, not scored", [uri for uri in uris if uri not in regions])
        uris = [uri for uri in uris if uri in regions]
    _note("not in the hypothesis, counted as empty", [uri for uri in uris if uri not in hypotheses])
    _note("not in the reference, counted as empty", [uri for uri in uris if uri not in references])
    if not uris:
        raise FormatError("there is nothing to score: no recording is left")
    return uris


def _note(what: str, uris: list[str]) -> None:
    for uri in uris:
        warn(f"recording {quoted(uri)} is {what}")


def _as_json(scores: dict[str, Score], pooled: Score, collar: float, skip_overlap: bool) -> str:
    content = {
        "collar": collar,
        "skip_overlap": skip_overlap,
        "pooled": _fields(pooled),
        "recordings": {uri: _fields(result) for uri, result in scores.items()},
    }
    return json.dumps(content, indent=2, allow_nan=False)


def _fields(result: Score) -> dict[str, float | None]:
    """Return a score for JSON, which has neither inf nor nan: a rate that is not defined is null."""
    return {
        "der": result.der if isfinite(result.der) else None,
        "jer": result.jer if isfinite(result.jer) else None,
        **{name: getattr(result, name) for name in ("total", "missed", "false_alarm", "confusion", "correct")},
        "speakers_found": result.n_hypothesis,
        "speakers_true": result.n_reference,
    }


def _as_table(scores: dict[str, Score], pooled: Score) -> str:
    from diarize.formats.names import printable

    rows = [_HEAD, *(_row(printable(uri), result) for uri, result in scores.items())]
    if len(scores) > 1:
        rows.append(_row("pooled", pooled))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in rows)


def _row(name: str, result: Score) -> tuple[str, ...]:
    parts = (_share(part, result.total) for part in (result.missed, result.false_alarm, result.confusion))
    speakers = f"{result.n_hypothesis}/{result.n_reference}"
    return name, percent(result.der), *map(percent, parts), percent(result.jer), speakers, f"{result.total:.2f}"


def _share(part: float, total: float) -> float:
    if total:
        return part / total
    return inf if part else nan


def percent(rate: float) -> str:
    """Return a rate in percent, a dash for one that is not defined."""
    return "-" if rate != rate else f"{100 * rate:.2f}"


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    """Return a line with the name to the left and the numbers to the right of their columns."""
    name, *numbers = row
    cells = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *cells])
