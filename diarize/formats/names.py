"""Names that survive in files whose fields end at blanks: recording ids and speakers."""

from __future__ import annotations

from urllib.parse import quote, unquote

# what table readers take for a missing value
_MISSING = frozenset({"na", "nan", "-nan", "null", "none", "n/a", "#n/a", "#na", "<na>"})


def is_missing(name: str) -> bool:
    """Tell whether common readers take a name for "no value" and drop the line."""
    return name.casefold() in _MISSING


def is_safe(text: str) -> bool:
    """Tell whether a text has only characters that no reader trips over: printable and not white space."""
    return text.isprintable() and not any(character.isspace() for character in text)


def encode_uri(uri: str) -> str:
    """Return a recording's id for a file: white space and unprintable characters percent-encoded.

    An id that readers take for a missing value gets its first character encoded; an empty one becomes "recording".

    Examples
    --------
    >>> encode_uri("team meeting"), encode_uri("NA")
    ('team%20meeting', '%4EA')
    """
    if is_missing(uri):
        return f"%{ord(uri[0]):02X}{uri[1:]}"
    return "".join(character if is_safe(character) else _percent(character) for character in uri) or "recording"


def _percent(character: str) -> str:
    # surrogatepass: file names that are not valid UTF-8 reach Python as lone surrogates
    return quote(character, safe="", errors="surrogatepass")


def decode_uri(text: str) -> str:
    """Return the id that `encode_uri` made a text from; a text it cannot have made stays as it is.

    Examples
    --------
    >>> decode_uri("team%20meeting"), decode_uri("100%25")
    ('team meeting', '100%25')
    """
    try:
        uri = unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return text
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
