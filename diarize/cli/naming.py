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
    from diarize.voices import Voiceprint

VOICES = options.NamedPath(path_type=Path, dir_okay=False)


def naming() -> list[options.Option[Any]]:
    """Return --voices and --link; the command is given a `Naming` as `names`."""
    return [
        click.option("--voices", metavar="VOICES.npz", type=VOICES, help="Name whom `diarize enroll` made known."),
        click.option("--link", is_flag=True, help="Label the same person the same in all recordings: person1, ..."),
        options.gathered("names", Naming, "voices", "link"),
    ]


class Naming:
    """What is made of each diarization, and of all in the end.

    Parameters
    ----------
    voices : Path or None
        A voice file, whose people are named.
    link : bool
        Whether the others get the same label in all recordings.
    """

    def __init__(self, voices: Path | None, link: bool) -> None:
        self._voices, self.links = voices, link
        self._diarizer: Diarizer | None = None
        self._spoken: dict[str, list[str]] = {}
        self._heard: dict[str, dict[str, Voiceprint]] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self._voices is not None or self.links

    def with_(self, diarizer: Diarizer) -> Naming:
        """Read what is needed, for the model of a diarizer.

        Raises
        ------
        ModelError
            The voice file cannot be used.
        """
        from diarize.voices import Voices

        self._diarizer = diarizer
        self._known = Voices() if self._voices is None else Voices.load(self._voices)
        self._known.check(diarizer.model)
        return self

    def __call__(self, diarization: Diarization) -> Diarization:
        """Return a diarization with the names of known people; what was heard of the others is kept to link them."""
        named = self._known.name(diarization)
        if self.links:
            from diarize.voices.linking import order_of
            from diarize.voices.prints import voiceprints

            uri = named.annotation.uri
            self._spoken[uri] = [speaker for speaker in order_of(named) if speaker not in named.ratios]
            self._heard[uri] = voiceprints(named)
        return named

    def linked(self, results: Iterable[Result], targets: Targets) -> list[Result]:
        """Return results in which the same stranger has the same name everywhere; their files are written again.

        Whom hints name keeps that name.

        Raises
        ------
        FormatError
            A file cannot be written.
        """
        from diarize.voices.linking import linked_names

        given = list(results)
        done = {result.annotation.uri: result for result in given if result.annotation is not None}
        if not done or self._diarizer is None:
            return given
        fixed = {uri: one.about.hints.names for uri, one in done.items() if one.about}
        spoken = [[name for name in self._spoken[uri] if name not in fixed.get(uri, ())] for uri in done]
        heard = [self._heard[uri] for uri in done]
        names = dict(zip(done, linked_names(spoken, heard, self._diarizer.model), strict=True))
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
