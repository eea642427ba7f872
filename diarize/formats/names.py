"""Names that survive in files: what a format cannot hold is percent-encoded, and comes back when it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

# what table readers take for a missing value
_MISSING = frozenset({"na", "nan", "-nan", "null", "none", "n/a", "#n/a", "#na", "<na>"})
_CHANNEL = re.compile(r"\.ch[1-9]\d*$", re.ASCII)
_COMMENTS = (";", "#")  # what starts a comment where it starts a line
_FORMULAS = ("=", "+", "-", "@")  # what spreadsheets compute where it starts a cell

NON_SPEECH = frozenset({"non-speech", "nonspeech", "non_speech", "sil", "silence", "silent", "noise", "music"})
"""Labels that name no speaker."""


def is_missing(name: str) -> bool:
    """Tell whether common readers take a name for "no value" and drop the line."""
    return name.casefold() in _MISSING


def is_safe(text: str) -> bool:
    """Tell whether a text has only characters that no reader trips over: printable and not white space."""
    return text.isprintable() and " " not in text  # no other white space is printable


@dataclass(frozen=True, slots=True)
class NameCode:
    """How names are written where some characters cannot stand: those are percent-encoded.

    Two names never give the same text, and each comes back. Percent signs are encoded only where reading would change
    them, so that nearly all names stand as they are.

    Parameters
    ----------
    safe : callable
        Takes a text; returns whether all of its characters can stand.
    special : callable
        Takes a name; returns whether readers would misunderstand it as a whole, so that its first character is encoded.
    """

    safe: Callable[[str], bool]
    special: Callable[[str], bool]

    def encode(self, name: str) -> str:
        """Return a name as it is written."""
        text = self._encoded(name)
        other = _decoded(text)
        if other == name or (text == name and text not in (self._encoded(other), self._encoded(other, percent=True))):
            return text
        return self._encoded(name, percent=True)

    def decode(self, text: str) -> str:
        """Return the name that `encode` made a text from; a text it cannot have made stays as it is."""
        name = _decoded(text)
        return name if self.encode(name) == text else text

    def _encoded(self, name: str, percent: bool = False) -> str:
        start = max(len(name) - len(name.lstrip()), int(self.special(name)))  # blanks at the ends are lost otherwise
        end = max(start, len(name.rstrip()))
        inner = name[start:end].replace("%", "%25") if percent else name[start:end]
        if not self.safe(inner):
            inner = "".join(c if self.safe(c) else _percent(c) for c in inner)
        return _percent(name[:start]) + inner + _percent(name[end:])


def _percent(text: str) -> str:
    # surrogatepass: file names that are not valid UTF-8 reach Python as lone surrogates
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return text


# what breaks lines, cannot be encoded or cannot stand in XML
_BREAKS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")
_NO_FILE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]')


def _is_line(text: str) -> bool:
    """Tell whether a text has only characters that keep to a line of text in UTF-8."""
    return _BREAKS.search(text) is None


FIELD = NameCode(is_safe, lambda name: is_missing(name) or name.startswith(_COMMENTS))
"""For fields that end at blanks."""

CELL = NameCode(_is_line, lambda name: is_missing(name) or name.startswith(_FORMULAS))
"""For cells of tables, which readers may take for missing and spreadsheets for formulas."""

LABEL = NameCode(_is_line, lambda name: name.casefold() in NON_SPEECH)
"""For labels that reach to the end of the line."""

TEXT = NameCode(_is_line, lambda name: False)
"""For text on one line."""


def encode_uri(uri: str) -> str:
    """Return a recording's id for a field that ends at blanks; two different ids never give the same text.

    White space and unprintable characters are percent-encoded, and so is the first character of an id that readers
    take for a missing value or for a comment. Percent signs are encoded only where `decode_uri` would change them. An
    empty id becomes "recording".

    Examples
    --------
    >>> encode_uri("team meeting"), encode_uri("team%20meeting"), encode_uri("NA"), encode_uri("100%")
    ('team%20meeting', 'team%2520meeting', '%4EA', '100%')
    """
    return FIELD.encode(uri) or "recording"


def decode_uri(text: str) -> str:
    """Return the id that `encode_uri` made a text from; a text it cannot have made stays as it is.

    Examples
    --------
    >>> decode_uri("team%20meeting"), decode_uri("100%25")
    ('team meeting', '100%25')
    """
    return FIELD.decode(text)


def file_stem(uri: str) -> str:
    """Return a recording's id as the name, without ending, of a file in a folder: nothing in it leads elsewhere.

    Examples
    --------
    >>> file_stem("../team meeting"), uri_of_stem(file_stem("../team meeting"))
    ('%2E.%2Fteam meeting', '../team meeting')
    """
    return _STEM.encode(uri) or "recording"


_STEM = NameCode(lambda text: _NO_FILE.search(text) is None, lambda name: name.startswith("."))


def result_stem(uri: str, channel: int | None = None) -> str:
    """Return the name, without ending, of the file with a recording's result; a channel that was chosen is in it.

    Examples
    --------
    >>> result_stem("call"), result_stem("call", channel=2)
    ('call', 'call.ch2')
    """
    return uri if channel is None else f"{uri}.ch{channel}"


def uri_of_stem(stem: str) -> str:
    """Return the recording that a file of that name is about: `result_stem` backwards."""
    return _STEM.decode(_CHANNEL.sub("", stem))


def printable(name: str) -> str:
    """Return a name for a table: characters that would break its lines or cannot be shown are written as escapes.

    Examples
    --------
    >>> printable("two\\nlines"), printable("Zoë B")
    ('two\\\\nlines', 'Zoë B')
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)
