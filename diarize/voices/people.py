"""`Voices`: people whose voices are known, and who of them speaks in a recording."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from diarize.diarization import Diarization
from diarize.errors import ConfigError, DiarizeWarning, ModelError, quoted, shortlist
from diarize.model import Model
from diarize.stages.matching import best_pairs
from diarize.stages.speakers import BlockStatistics
from diarize.stages.turns import numbered
from diarize.voices.comparison import LONGEST, log_ratios
from diarize.voices.doubles import warn_of_doubles
from diarize.voices.prints import Voiceprint, voiceprints
from diarize.voices.storage import read_people, write_people

_ENOUGH = 10.0  # s; less speech of a person gives names that are often wrong or missing
_LEAST_RATIO = 3  # from which on a speaker gets a name, where fewer people than that are known
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Voices:
    """People whose voices are known: a value, whose methods return another one.

    Parameters
    ----------
    people : mapping of str to sequence of Voiceprint
        A print for each recording that a person was enrolled from.
    models : mapping of str to str
        The fingerprint of each band of the model that the prints were made with; empty where there are none.

    Examples
    --------
    >>> voices = Voices.load("voices.npz")  # doctest: +SKIP
    >>> voices = voices.enroll("anna", diarizer.diarize("anna.wav"))  # doctest: +SKIP
    >>> voices.save("voices.npz")  # doctest: +SKIP
    >>> voices.name(diarizer.diarize("meeting.wav")).annotation.labels  # doctest: +SKIP
    ['anna', 'speaker2']
    """

    people: Mapping[str, Sequence[Voiceprint]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Voices: {shortlist(self.people)}>"  # and nothing of how they sound

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Voices:
        """Read a voice file; nothing in it is run.

        Raises
        ------
        ModelError
            There is no such file, or it is no voice file of this version.
        """
        return cls(*read_people(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a voice file, whole or not at all; a new one can be read by its owner alone.

        Raises
        ------
        FormatError
            The file cannot be written.
        """
        write_people(path, self.people, self.models)

    @property
    def names(self) -> list[str]:
        """Who is known, in the order of enrolment."""
        return list(self.people)

    def __len__(self) -> int:
        return len(self.people)

    def enroll(self, name: str, diarization: Diarization, speaker: str | None = None) -> Voices:
        """Return the same with a further person, or with a further recording of one who is known.

        Parameters
        ----------
        name : str
        diarization : Diarization
            Of a recording in which the person speaks; `Diarizer.with_turns` takes turns that are known.
        speaker : str, optional
            Who of its speakers it is: by default the one of that name, else the only one.

        Raises
        ------
        ConfigError
            The name is none, there is no such speaker, there are several and none is named, or nothing is heard of
            the speaker alone.
        ModelError
            The known voices were made with another model.
        """
        check_name(name)
        self.check(diarization.model)
        chosen = _chosen(diarization.annotation.labels, name, speaker)
        heard = voiceprints(diarization).get(chosen)
        if heard is None:
            raise ConfigError(f"speaker {quoted(chosen)} is hardly heard alone, so there is no voice to be kept")
        if heard.seconds < _ENOUGH:
            warnings.warn(
                f"only {heard.seconds:.1f} s of {name} were heard alone; {_ENOUGH:g} s or more are known better",
                DiarizeWarning,
                stacklevel=2,
            )
        people = {**self.people, name: (*self.people.get(name, ()), heard)}
        others = [(name, other) for other in self.people if other != name]
        warn_of_doubles({**self.people, name: (heard,)}, others, diarization.model)
        return replace(self, people=people, models=diarization.model.voice_fingerprints())

    def rename(self, old: str, new: str) -> Voices:
        """Return the same with another name for a person.

        Raises
        ------
        ConfigError
            Nobody has the old name, or somebody has the new one.
        """
        self._need(old)
        check_name(new)
        if new in self.people:
            raise ConfigError(f"{quoted(new)} is known already; remove one of the two, or take another name")
        return replace(self, people={new if name == old else name: heard for name, heard in self.people.items()})

    def remove(self, name: str) -> Voices:
        """Return the same without a person.

        Raises
        ------
        ConfigError
            Nobody has that name.
        """
        self._need(name)
        return replace(self, people={other: heard for other, heard in self.people.items() if other != name})

    def sums(self, band: str) -> tuple[BlockStatistics, ...]:
        """Return what each eigenvoice model of a band heard of everybody who was heard in it, a row each; () of nobody.

        Much speech counts as half a minute.
        """
        people = [[one for one in several if band in one.bands] for several in self.people.values()]
        people = [several for several in people if several]
        prints = [one for several in people for one in several]
        shares = np.zeros((len(prints), len(people)))
        owners = np.repeat(np.arange(len(people)), [len(several) for several in people])
        seconds = np.array([sum(one.seconds for one in several) for several in people])
        shares[np.arange(len(prints)), owners] = np.minimum(1.0, LONGEST / seconds)[owners]
        models = zip(*(one.bands[band] for one in prints), strict=True)
        return tuple(BlockStatistics.stacked(rows).weighted(shares) for rows in models)

    def identify(self, diarization: Diarization) -> dict[str, dict[str, float]]:
        """Return for each speaker how much likelier each known person is than a stranger, as natural logarithms.

        Speakers of whom too little is heard alone, and people who were never heard in that band, are left out.

        Raises
        ------
        ModelError
            The voices were made with another model.
        """
        self.check(diarization.model)
        heard = voiceprints(diarization)
        sides = [*((one,) for one in heard.values()), *self.people.values()]
        pairs = [(row, len(heard) + column) for row in range(len(heard)) for column in range(len(self))]
        ratios = log_ratios(sides, np.array(pairs, np.intp).reshape(-1, 2), diarization.model)
        table = ratios.reshape(len(heard), len(self)).tolist()
        return {
            speaker: {name: ratio for name, ratio in zip(self.people, row, strict=True) if ratio > -np.inf}
            for speaker, row in zip(heard, table, strict=True)
        }

    def name(self, diarization: Diarization) -> Diarization:
        """Return a diarization in which known people have their names, and strangers the labels that they had.

        A speaker is named where one known person is likelier than a stranger, if before listening a stranger is as
        likely as all known people together, and as three of them at least. No name is given twice. Whom hints name
        keeps that name; names that voices gave before are given anew.

        Raises
        ------
        ModelError
            The voices were made with another model.

        Warns
        -----
        DiarizeWarning
            A speaker whom hints name sounds like somebody else, or two known people sound like one.
        """
        if not self.people:
            return diarization
        diarization = _without_names(diarization)
        ratios = self.identify(diarization)
        self._warn_of_people(diarization, ratios)
        found = self._matched(ratios, diarization.given)
        pairs = [
            (name, other)
            for speaker, name in found.items()
            for other in self.names
            if other not in {*found.values(), *diarization.given} and ratios[speaker].get(other, -np.inf) > self._least
        ]
        warn_of_doubles(self.people, pairs, diarization.model)
        mapping = found | _moved(diarization.annotation.labels, found)
        sure = {name: float(np.exp(ratios[speaker][name])) for speaker, name in found.items()}
        return replace(diarization.renamed(mapping), ratios=sure)

    def recognised(self, diarization: Diarization) -> dict[str, str]:
        """Return for each speaker who is one of the known people by the voice the name; see `name`.

        Raises
        ------
        ModelError
            The voices were made with another model.
        """
        return self._matched(self.identify(diarization), diarization.given)

    def only(self, names: Iterable[str]) -> Voices:
        """Return the same with some of the people alone."""
        chosen = set(names)
        return replace(self, people={name: heard for name, heard in self.people.items() if name in chosen})

    @property
    def _least(self) -> float:
        """The log ratio above which a speaker gets a name."""
        return float(np.log(max(len(self), _LEAST_RATIO)))

    def _matched(self, ratios: Mapping[str, Mapping[str, float]], given: Sequence[str]) -> dict[str, str]:
        """Return the name of each speaker who gets one; no name is given twice, and none of those that hints gave."""
        speakers = [speaker for speaker in ratios if speaker not in given]
        names = [name for name in self.people if name not in given]
        if not speakers or not names:
            return {}
        odds = np.array([[ratios[speaker].get(name, -np.inf) for name in names] for speaker in speakers]) - self._least
        pairs = zip(*best_pairs(np.maximum(odds, 0.0)), strict=True)
        return {speakers[row]: names[column] for row, column in pairs if odds[row, column] > 0}

    def _warn_of_people(self, diarization: Diarization, ratios: Mapping[str, Mapping[str, float]]) -> None:
        """Warn of people who cannot be looked for, and of speakers whom hints name and whose voices say another."""
        uri = diarization.annotation.uri
        unheard = [name for name in self.people if ratios and not any(name in row for row in ratios.values())]
        if unheard:  # of a recording that was kept one band is known, and of a person another
            message = f"{uri}: {shortlist(unheard)} cannot be looked for, being known in another band"
            warnings.warn(f"{message}; diarize the sound again", DiarizeWarning, stacklevel=3)
        for speaker, row in ratios.items():
            likeliest = max(row, key=row.__getitem__, default=speaker)
            if speaker in diarization.given and likeliest != speaker and row[likeliest] > self._least:
                times = f"{np.exp(row[likeliest]):.0f} times likelier {likeliest} than a stranger"
                message = f"{uri}: hints say {speaker}, the voice is {times}; the hints hold"
                warnings.warn(message, DiarizeWarning, stacklevel=3)

    def _need(self, name: str) -> None:
        if name not in self.people:
            raise ConfigError(f"nobody is called {quoted(name)} (known: {shortlist(self.people)})")

    def check(self, model: Model) -> None:
        """Raise a ModelError where the voices were made with another model than this one."""
        if self.models and dict(self.models) != model.voice_fingerprints():
            raise ModelError("the voices were enrolled with another model; take that one, or enroll them again")
        for heard in (heard for several in self.people.values() for heard in several):
            for band, rows in heard.bands.items():
                shapes = [(one.counts.shape[1], one.projected.shape[1]) for one in rows]
                if shapes != [(one.background.n_components, one.n_voices) for one in model.bands[band].voices]:
                    raise ModelError("the voices do not fit their model: the file is damaged; enroll them again")


def check_name(name: str) -> None:
    """Raise a ConfigError where a text is no name that files and lists can show."""
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise ConfigError(f"a name is one line of text without blanks at its ends, got {quoted(name)}")


def _chosen(labels: Sequence[str], name: str, speaker: str | None) -> str:
    """Return the speaker that is meant."""
    if speaker is None:
        if name in labels:
            return name
        if len(labels) == 1:
            return labels[0]
        what = f"there are several speakers ({shortlist(labels)}); name one" if labels else "nobody speaks"
        raise ConfigError(f"who is {name}? {what}")
    if speaker not in labels:
        raise ConfigError(f"there is no speaker {quoted(speaker)} (speakers: {shortlist(labels)})")
    return speaker


def _without_names(diarization: Diarization) -> Diarization:
    """Return a diarization in which whoever got a name by the voice is a stranger again."""
    named = [label for label in diarization.ratios if label not in diarization.given]
    free = (label for label in map(numbered, count(1)) if label not in diarization.annotation.labels)
    return replace(diarization.renamed(dict(zip(named, free, strict=False))), ratios={}) if named else diarization


def _moved(labels: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    """Return other labels for strangers whose label is the name that somebody else got."""
    taken, moved = {*labels, *found.values()}, {}
    for label in labels:
        if label not in found and label in found.values():
            free = (f"{label}-{number}" for number in range(2, len(taken) + 3))
            moved[label] = next(new for new in free if new not in taken)
            taken.add(moved[label])
    return moved
