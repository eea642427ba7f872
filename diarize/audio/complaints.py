"""What FFmpeg says of a file that it cannot read, in words for users: without its addresses, codes and our paths."""

from __future__ import annotations

import re

from diarize.errors import shortened

_ASIDE = re.compile(
    r"^(?:\[[^\]]* @ 0x[0-9a-f]+\] *"  # which part of FFmpeg speaks
    r"|\[Errno -?\d+\] *"
    r"|file:/dev/stdin: *"
    r"|(?:Error (?:opening input|while decoding stream)|Decoding error)[^:]*(?::\d+)?: *)+"
)
_FILE = re.compile(r": (?:'[^']*'|\"[^\"]*\"|<.*>)$", re.DOTALL)  # which PyAV adds, and the message has already
_ADDRESS = re.compile(r" *\(?\b0x[0-9a-f]+\b\)?")
_DAMAGE = re.compile(
    r"End of file|Input/output error|Invalid data found|Invalid argument|ended prematurely|after EOF"
    r"|could not find codec|exhausted|Truncating|incomplete|Invalid block|packet size|muxing overhead",
    re.IGNORECASE,
)


def in_words(said: str) -> str:
    """Return a line of FFmpeg in words; "it is cut short or damaged" where that is what it comes to.

    Examples
    --------
    >>> in_words("[Errno 541478725] End of file: '/tmp/x.mkv'")
    'it is cut short or damaged'
    >>> in_words("[mov @ 0x55f0] Unknown cover type: 0x1.")
    'Unknown cover type:.'
    """
    plain = _plain(said)
    return "it is cut short or damaged" if not plain or _DAMAGE.search(plain) else shortened(plain)


def _plain(said: str) -> str:
    if "non monotonically" in said:
        return "its times contradict each other"
    return _ADDRESS.sub("", _FILE.sub("", _ASIDE.sub("", said.strip())))


def all_in_words(said: str) -> str:
    """Return the first of some lines of FFmpeg, and how many follow; nothing where there are none."""
    lines = said.strip().splitlines()
    if not lines:
        return ""
    count = len(lines) - 1
    more = f" (and {count} more line{'s' * (count > 1)})" if count else ""
    return shortened(_plain(lines[0])) + more


def track_in_words(about: str) -> str:
    """Return what FFmpeg says of a track without what is of no use to tell it from others.

    Examples
    --------
    >>> track_in_words("aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s (default), und")
    'aac (LC), 44100 Hz, mono, 69 kb/s, und'
    >>> track_in_words("tta, 0 Hz, 1 channels")
    'tta, mono'
    """
    plain = re.sub(r" \([^()]* / 0x[0-9A-F]+\)| \((?:default|forced)\)", "", about)
    parts = [re.sub(r"^1 channels$", "mono", part) for part in plain.split(", ")]
    return ", ".join(part for part in parts if not re.fullmatch(r"0 Hz|0 channels|(?:flt|dbl|u8|s16|s32|s64)p?", part))
