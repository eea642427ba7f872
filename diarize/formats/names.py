"""Names that survive in files whose fields end at blanks: recording ids and speakers."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

# what table readers take for a missing value
_MISSING = frozenset({"na", "nan", "-nan", "null", "none", "n/a", "#n/a", "#na", "<na>"})
_CHANNEL = re.compile(r"\.ch[1-9]\d*$", re.ASCII)
_COMMENTS = (";", "#")  # what starts a comment where it starts a line


def is_missing(name: str) -> bool:
    """Tell whether common readers take a name for "no value" and drop the line."""
    return name.casefold() in _MISSING


def is_safe(text: str) -> bool:
    """Tell whether a text has only characters that no reader trips over: printable and not white space."""
    return text.isprintable() and " " not in text  # no other white space is printable


def encode_uri(uri: str) -> str:
    """Return a recording's id for a file; two different ids never give the same text.

    White space and unprintable characters are percent-encoded, and so is the first character of an id that readers
    take for a missing value or for a comment. Percent signs are encoded only where `decode_uri` would change them. An
    empty id becomes "recording".

    Examples
    --------
    >>> encode_uri("team meeting"), encode_uri("team%20meeting"), encode_uri("NA"), encode_uri("100%")
    ('team%20meeting', 'team%2520meeting', '%4EA', '100%')
    """
    text = _encoded(uri)
    other = _decoded(text)
    if other == uri or (text == uri and text not in (_encoded(other), _encoded(other, percent=True))):
        return text or "recording"
    return _encoded(uri, percent=True)


def _encoded(uri: str, percent: bool = False) -> str:
    first = uri[:1] if is_missing(uri) or uri.startswith(_COMMENTS) else ""
    rest = uri[len(first) :].replace("%", "%25") if percent else uri[len(first) :]
    safe = rest if is_safe(rest) else "".join(c if is_safe(c) else _percent(c) for c in rest)
    return f"%{ord(first):02X}{safe}" if first else safe


def _percent(character: str) -> str:
    # surrogatepass: file names that are not valid UTF-8 reach Python as lone surrogates
    return quote(character, safe="", errors="surrogatepass")


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return text


def decode_uri(text: str) -> str:
    """Return the id that `encode_uri` made a text from; a text it cannot have made stays as it is.

    Examples
    --------
    >>> decode_uri("team%20meeting"), decode_uri("100%25")
    ('team meeting', '100%25')
    """
    uri = _decoded(text)
    return uri if encode_uri(uri) == text else text


def encode_speaker(name: str) -> str:
    """Return a speaker's name for a file: an underscore for each white space or unprintable character.

    Examples
    --------
    >>> encode_speaker("Anna B"), encode_speaker("null")
    ('Anna_B', 'null_')
    """
    safe = "".join(character if is_safe(character) else "_" for character in name)
    return f"{safe}_" if is_missing(safe) else safe


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
    return _CHANNEL.sub("", stem)


def printable(name: str) -> str:
    """Return a name for a table: characters that would break its lines or cannot be shown are written as escapes.

    Examples
    --------
    >>> printable("two\\nlines"), printable("Zoë B")
    ('two\\\\nlines', 'Zoë B')
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)
