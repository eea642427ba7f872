"""The errors and warnings of the package: every error says what, where, what was got and what to do."""

from collections.abc import Iterable

_MOST = 60  # characters of a value that a message quotes
_NAMES = 5  # of a list that a message shows


class DiarizeError(Exception):
    """Base of every error raised on purpose by this package."""


class AudioError(DiarizeError):
    """Audio that cannot be read or holds no usable samples."""


class FormatError(DiarizeError):
    """A label file (RTTM, UEM, LAB) or table that cannot be read or written; names file and line."""


class ConfigError(DiarizeError, ValueError):
    """A setting or argument that is unknown or out of range; names the field."""


class ModelError(DiarizeError):
    """A model file that cannot be used, or training data that cannot give one."""


class MediaError(DiarizeError):
    """A picture or video that cannot be read or written; names the file, or what is to be installed."""


class Cancelled(DiarizeError):
    """The work was ended by its progress call-back, which returned False; nothing of it is left."""


class DiarizeWarning(UserWarning):
    """Valid but degenerate input, such as a recording without speech."""


def quoted(value: object) -> str:
    """Return a value as a message quotes it: its `repr`, cut where it is long.

    Examples
    --------
    >>> quoted("12,5")
    "'12,5'"
    >>> len(quoted("9" * 1_000_000))
    63
    """
    try:
        text = repr(value[: _MOST + 1] if isinstance(value, str | list | tuple) else value)
    except ValueError:  # Python writes no whole number of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."


def shortened(text: object) -> str:
    """Return what another library says of an error, cut where it is long."""
    words = str(text)
    return words if len(words) <= 4 * _MOST else f"{words[: 4 * _MOST]}..."


def shortlist(names: Iterable[str]) -> str:
    """Return the first names of many for a message, "none" where there is none.

    Examples
    --------
    >>> shortlist(["a", "b"]), shortlist("abcdefgh"), shortlist([])
    ('a, b', 'a, b, c, d, e, ...', 'none')
    """
    some = list(names)
    shown = [name if len(name) <= _MOST else f"{name[:_MOST]}..." for name in some[:_NAMES]]
    return ", ".join(shown + ["..."] * (len(some) > _NAMES)) or "none"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, of which "s" makes the plural where nothing else is given.

    Examples
    --------
    >>> counted(1, "speaker"), counted(0, "turn"), counted(2, "person", "people")
    ('1 speaker', '0 turns', '2 people')
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
