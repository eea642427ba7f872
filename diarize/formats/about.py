"""What a file says beside who speaks: where the recording is, and how the turns were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diarize.hints import Hints


@dataclass(frozen=True, slots=True)
class About:
    """What is known of one recording and of how its turns were found; None or empty where it is not known.

    Parameters
    ----------
    source : str or None
        The path of the sound file.
    duration : float or None, seconds
        Of the recording, as far as it was looked at: an excerpt counts up to its end.
    channel : int
        The channel that the turns are of, counted from 1.
    model : str or None
        The model they were found with.
    settings : mapping
        The settings they were found with, by section and name: texts, numbers, lists and mappings of those.
    software : str or None
        The program that found them, with its version.
    channels : mapping of str to int
        The channel of each speaker, where channels were diarized each by itself.
    hints : Hints
        What a person made, changed or confirmed.
    ratios : mapping of str to float
        For speakers who got the name of a known person, how many times likelier that person is than a stranger.
    """

    source: str | None = None
    duration: float | None = None
    channel: int = 1
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    software: str | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)
    ratios: Mapping[str, float] = field(default_factory=dict)

    def channel_of(self, speaker: str) -> int:
        """Return the channel that a speaker's turns are of.

        Examples
        --------
        >>> About(channels={"customer": 2}).channel_of("customer"), About().channel_of("anna")
        (2, 1)
        """
        return self.channels.get(speaker, self.channel)

    def renamed(self, mapping: Mapping[str, str]) -> About:
        """Return the same with other names of speakers; names that are not in `mapping` stay.

        Examples
        --------
        >>> About(channels={"channel1": 1}, ratios={"anna": 20.0}).renamed({"channel1": "person1"}).channels
        {'person1': 1}
        """
        channels = {mapping.get(name, name): channel for name, channel in self.channels.items()}
        ratios = {mapping.get(name, name): ratio for name, ratio in self.ratios.items()}
        hints = Hints(self.hints.annotation.rename(mapping), self.hints.silence)
        return replace(self, channels=channels, ratios=ratios, hints=hints)


def package_version() -> str:
    """Return the version of this package, "unknown" where it runs from a source tree that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # not at once: it takes a while to import

    try:
        return version("gmm-diarize")
    except PackageNotFoundError:
        return "unknown"
