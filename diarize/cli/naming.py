"""Names of people in the recordings of a run: those who are known, and one name for the same stranger in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.targets import Targets

if TYPE_CHECKING:
    from diarize.corpus import Result
    from diarize.diarization import Diarization
    from diarize.pipeline import Diarizer
    from diarize.voices import Voiceprint, Voices

VOICES = options.NamedPath(path_type=Path, dir_okay=False)
PATIENCE = 30.0  # s; for other commands that change the same voice file


def naming() -> list[options.Option[Any]]:
    """Return --voices and --link; the command is given a `Naming` as `names`."""
    return [
        click.option("--voices", metavar="VOICES.npz", type=VOICES, help="Name whom `diarize enroll` made known."),
        click.option("--link", is_flag=True, help="Label the same person the same in all recordings: person1, ..."),
        options.gathered("names", Naming, "voices", "link"),
    ]


class Naming:
    """Who is known, and what is made of all recordings in the end.

    Parameters
    ----------
    voices : Path or None
        A voice file, whose people are named.
    link : bool
        Whether the others get the same label in all recordings.
    """

    def __init__(self, voices: Path | None, link: bool) -> None:
        self._voices, self.links = voices, link
        self._spoken: dict[str, list[str]] = {}
        self._heard: dict[str, dict[str, Voiceprint]] = {}

    def known(self) -> Voices | None:
        """Return who is known.

        Raises
        ------
        ModelError
            The voice file cannot be used.
        """
        from diarize.voices import Voices

        return None if self._voices is None else Voices.load(self._voices)

    def __call__(self, diarization: Diarization) -> Diarization:
        """Return a diarization as it is; what was heard of whoever got no name is kept to link them."""
        from diarize.voices.linking import unnamed
        from diarize.voices.prints import voiceprints

        uri = diarization.annotation.uri
        self._spoken[uri] = unnamed(diarization)
        self._heard[uri] = voiceprints(diarization)
        return diarization

    def linked(self, results: Iterable[Result], targets: Targets, diarizer: Diarizer) -> list[Result]:
        """Return results in which the same stranger has the same name everywhere; their files are written again.

        Raises
        ------
        FormatError
            A file cannot be written.
        """
        from diarize.voices.linking import linked_names

        given = list(results)
        done = {result.annotation.uri: result for result in given if result.annotation is not None}
        spoken, heard = [self._spoken[uri] for uri in done], [self._heard[uri] for uri in done]
        names = dict(zip(done, linked_names(spoken, heard, diarizer.model), strict=True))
        return [_renamed(result, names, targets) for result in given]


def _renamed(result: Result, names: Mapping[str, Mapping[str, str]], targets: Targets) -> Result:
    """Return a result with other names of speakers, written again."""
    from diarize.formats.registry import write_all

    if result.annotation is None or result.about is None:
        return result
    mapping = names[result.annotation.uri]
    annotation = result.annotation.rename(mapping)
    about = result.about.renamed(mapping)
    for target in targets[result.audio] or ():
        write_all([annotation], target, about={annotation.uri: about})
    return replace(result, annotation=annotation, about=about)
