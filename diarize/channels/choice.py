"""What is asked for: all channels mixed, one of them, each by itself, or whatever the recording calls for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral

from diarize.audio import AudioInput, Excerpt, rereadable
from diarize.channels.relation import Relation
from diarize.errors import ConfigError, counted, quoted

WORDS = ("auto", "separate", "mix")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for.

    Parameters
    ----------
    how : str
        "auto", "separate" or "mix"; one channel alone is "mix" with a number.
    channel : int or None
        Counted from 1.
    names : tuple of str
        Of the channels, in their order; empty for channel1, channel2 and so on.
    """

    how: str = "auto"
    channel: int | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, channels: str | int, channel: int | None = None, names: Sequence[str] | None = None) -> Choice:
        """Check what a caller asks for; `channel` alone is the older way to name one.

        Raises
        ------
        ConfigError
            It is none of these, or contradicts itself.

        Examples
        --------
        >>> Choice.of("2"), Choice.of("separate", names=["agent", "customer"])
        (Choice(how='mix', channel=2, names=()), Choice(how='separate', channel=None, names=('agent', 'customer')))
        """
        known = channels in WORDS if isinstance(channels, str) else False
        number = int(channels) if isinstance(channels, str) and re.fullmatch("[0-9]{1,9}", channels) else channels
        if not known and (isinstance(number, bool) or not isinstance(number, Integral) or number < 1):
            raise ConfigError(f"channels must be auto, separate, mix or a number from 1, got {quoted(channels)}")
        wanted = None if known else int(number)
        if channel is not None and (channels == "separate" or wanted not in (None, channel)):
            raise ConfigError(f"channel {quoted(channel)} and channels {quoted(channels)} contradict each other")
        given = _checked(names)
        chosen = channel if channel is not None else wanted
        how = "mix" if chosen is not None else str(channels)
        if given and how == "mix":
            raise ConfigError("names of channels need channels that are kept apart; leave them out, or 'separate'")
        return cls(how, chosen, given)

    @property
    def asks(self) -> bool:
        """Whether what is done depends on what the channels hold."""
        return self.how != "mix"

    @contextmanager
    def readable(self, audio: AudioInput) -> Iterator[AudioInput]:
        """Give the recording in a form that can be read as often as is needed: a pipe is copied, a file is not."""
        seekable = getattr(audio.audio if isinstance(audio, Excerpt) else audio, "seekable", None)
        if not self.asks or (seekable is not None and seekable()):
            yield audio
            return
        with rereadable(audio) as copy:
            yield copy

    def name(self, channel: int) -> str:
        """Return the name of a channel, counted from 1."""
        return self.names[channel - 1] if self.names else f"channel{channel}"


def _checked(names: Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(names, str):
        raise ConfigError(f"names of channels are a list of texts, got {quoted(names)}; use [{quoted(names)}]")
    given = tuple(names or ())
    if not all(isinstance(name, str) and name.strip() for name in given) or len(set(given)) < len(given):
        raise ConfigError(f"names of channels must be texts that all differ, got {quoted(list(given))}")
    for name in given:  # several people behind a channel are numbered
        if any(re.fullmatch(rf"{re.escape(name)} \d+", other) for other in given):
            raise ConfigError(f"one name of a channel is another one with a number: {quoted(list(given))}")
    return given


def apart(choice: Choice, relation: Relation, most: int) -> tuple[int, ...]:
    """Return the channels that are diarized each by itself, counted from 1; none where they are mixed.

    Parameters
    ----------
    choice : Choice
    relation : Relation
    most : int
        Speakers there may be: fewer than there are legs cannot be one behind each.

    Raises
    ------
    ConfigError
        There are not as many names as channels, or more channels with sound than speakers.
    """
    if choice.names and len(choice.names) != relation.n_channels:
        raise ConfigError(
            f"{counted(len(choice.names), 'name')} for {counted(relation.n_channels, 'channel')}: "
            "name each channel, in their order"
        )
    if relation.kind in ("mono", "twice") or (choice.how == "auto" and relation.kind != "legs"):
        return ()
    if most < len(relation.sounding):
        if choice.how == "auto":
            return ()
        raise ConfigError(
            f"{len(relation.sounding)} channels hold sound, so there cannot be {counted(most, 'speaker')} at most; "
            "mix them"
        )
    return relation.sounding


def alone(choice: Choice, relation: Relation) -> int | None:
    """Return the channel that is taken instead of the mean of all: the one asked for, or a voice beside mere hum.

    Examples
    --------
    >>> alone(Choice(), Relation(2, "one", (2,), (1,))), alone(Choice("mix"), Relation())
    (2, None)
    """
    beside_hum = choice.how == "auto" and relation.kind == "one" and relation.steady
    return relation.sounding[0] if beside_hum else choice.channel


def in_words(relation: Relation, legs: Sequence[int], choice: Choice) -> str:
    """Return in one line what the channels are and what was done.

    Examples
    --------
    >>> in_words(Relation(2, "legs", (1, 2)), (1, 2), Choice(names=("agent", "customer")))
    'two legs of a call: diarized separately (channel 1 agent, channel 2 customer)'
    >>> in_words(Relation(2, "twice", (1, 2), (), (2,)), (), Choice())
    'one signal in all channels, with the opposite sign in channel 2: turned and mixed'
    """
    if legs:
        named = ", ".join(f"channel {leg} {choice.name(leg)}" if choice.names else f"channel {leg}" for leg in legs)
        what = f"{_count(len(legs))} legs of a call" if relation.kind == "legs" else f"{_count(len(legs))} with sound"
        what = what if relation.kind == "legs" or len(legs) > 1 else "one channel with sound"
        return f"{what}: diarized separately ({named}){_rest(relation)}"
    if relation.kind == "twice":
        turned = f", with the opposite sign in {_listed(relation.opposite)}" if relation.opposite else ""
        return f"one signal in all channels{turned}: {'turned and ' if turned else ''}mixed{_rest(relation)}"
    if relation.kind == "one":
        done = "mixed" if alone(choice, relation) is None else "taken alone"
        return f"only channel {relation.sounding[0]} holds sound that moves: {done}{_rest(relation)}"
    if relation.kind == "legs":
        return f"{_count(relation.n_channels)} legs of a call, but fewer speakers are wanted: mixed"
    if relation.kind == "silent":
        return "all channels are silent"
    return f"the same people are heard in all channels: mixed{_rest(relation)}"


def _rest(relation: Relation) -> str:
    """Return what is to be said of the channels that hold no sound, or none that moves."""
    silent = sorted(set(range(1, relation.n_channels + 1)) - {*relation.sounding, *relation.steady})
    said = f"; {_listed(relation.steady)}: hum or noise" if relation.steady else ""
    return said + (f"; {_listed(silent)}: silence" if silent else "")


def _listed(channels: Sequence[int]) -> str:
    """Return "channel 3", or "channels 1 to 3, 5": runs of three and more by their ends."""
    runs: list[list[int]] = []
    for channel in channels:
        if runs and channel == runs[-1][-1] + 1:
            runs[-1].append(channel)
        else:
            runs.append([channel])
    parts = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return f"channel{'s' if len(channels) > 1 else ''} {', '.join(parts)}"


def _count(number: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(number, str(number))
