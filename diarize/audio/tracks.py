"""The sound tracks of a file, counted from 1."""

from __future__ import annotations

from collections.abc import Sequence

from diarize.errors import AudioError


def check_track(name: str, track: int | None, tracks: Sequence[str], others: Sequence[str] = ()) -> None:
    """See that there is sound, and the track that is asked for.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    track : int or None
        Counted from 1; None for whichever.
    tracks : sequence of str
        What is known of each track with sound.
    others : sequence of str
        What else is in the file: "video", ...

    Raises
    ------
    AudioError
        There is no sound, or no such track.

    Examples
    --------
    >>> check_track("film.mkv", 3, ["aac, eng", "aac, fra"])
    Traceback (most recent call last):
    diarize.errors.AudioError: film.mkv: there is no track 3; its tracks are 1 (aac, eng), 2 (aac, fra)
    """
    if not tracks:
        what = f"only {' and '.join(dict.fromkeys(others))}" if others else "no track at all"
        raise AudioError(f"{name}: holds no sound, {what}; choose the file that has the sound")
    if track is not None and track > len(tracks):
        raise AudioError(f"{name}: there is no track {track}; its tracks are {listed(tracks)}")


def about_choice(track: int, tracks: Sequence[str]) -> str:
    """Return what to say where one of several tracks was taken without being asked for."""
    return f"it has the tracks {listed(tracks)}; track {track} is used; to use another, name it (--track N)"


def listed(tracks: Sequence[str]) -> str:
    """Return the tracks with their numbers."""
    return ", ".join(f"{number} ({track})" for number, track in enumerate(tracks, 1))
