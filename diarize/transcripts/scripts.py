"""Scripts and signs: where words end in writing with blanks and without, where sentences end."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

# Chinese characters, kana; Korean has blanks
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_OPENING, _CLOSING = "「『（【〔《〈", "、。，．・：；？！」』）】〕》〉…～"
_PIECE = re.compile(rf"\s*[{_OPENING}]*(?:[{_SIGNS}]|[^\s{_SIGNS}{_OPENING}{_CLOSING}]*)[{_CLOSING}]*")
# scripts whose words follow each other without blanks, so that recognisers cut them as they like
_NO_BLANKS = re.compile(rf"[{_SIGNS}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"\s*\S+")
_AFTER = re.compile(rf"[^\w\s]+(?=\s)|[.,;:!?…%)\]}}{_CLOSING}]+")  # what belongs to the word before it
_WINDOW = 120  # characters in which a word is looked for
_AHEAD = 6  # words that a text may spell otherwise
_CLOSE = re.compile(rf"[{_SIGNS}{_OPENING}{_CLOSING}]")
_SENTENCE_END = re.compile(r"[.!?…。！？．][\"'”’»)\]」』）】]*$")
_CLAUSE_END = re.compile(r"[,;:،、，；：–—][\"'”’»)\]」』）】]*$")


def pieces(text: str) -> list[str]:
    """Return a text cut into words, and into single signs where a script has no blanks; put together they are the text.

    Examples
    --------
    >>> pieces("Well, yes.")
    ['Well,', ' yes.']
    >>> pieces("「はい」 ok。")
    ['「は', 'い」', ' ok。']
    """
    return [piece for piece in _PIECE.findall(text.strip()) if piece]


def spaced(words: Sequence[str], text: str) -> list[str]:
    """Return words each as a text shows it: with its capitals, the blanks before it and the punctuation about it.

    Words that the text spells otherwise are shown as there where it has as many of them; else they stay as they are.

    Examples
    --------
    >>> spaced(["twenty", "-", "one", "odd"], "twenty-one\\nodd")
    ['twenty', '-', 'one', '\\nodd']
    >>> spaced(["page", "fourteen", "is", "right"], 'Page 14 is "right".')
    ['Page', ' 14', ' is', ' "right".']
    """
    bare = [word.strip() for word in words]
    alike = len(text.lower()) == len(text)  # some capitals have two small letters
    small, sought = (text.lower(), [word.lower() for word in bare]) if alike else (text, bare)
    shown: list[str] = []
    place = 0
    while len(shown) < len(bare):
        fit = _fit(sought, len(shown), small, place)
        if fit is None:
            shown.append(f" {bare[len(shown)]}")
            place += len((_WORD.match(text, place) or [""])[0])
            continue
        after, found = fit
        between = _left(text[place:found], shown)
        skipped = bare[len(shown) : after]
        if skipped:
            own = pieces(between)
            blank = between[: len(between) - len(between.lstrip())]
            shown += [blank + own[0], *own[1:]] if len(own) == len(skipped) else [f" {word}" for word in skipped]
        if any(map(str.isalnum, between)):  # words that have no times
            between = between[len(between.rstrip()) :]
        place = found
        if after < len(bare):
            place += len(bare[after])
            blank = " " if shown and not found else between  # words before all that the text has
            shown.append(blank + text[found:place])
    if shown and not any(map(str.isalnum, text[place : place + _WINDOW])):
        shown[-1] += text[place : place + _WINDOW].rstrip()
    return shown


def _fit(words: Sequence[str], first: int, text: str, place: int) -> tuple[int, int] | None:
    """Return which word the text goes on with and where, with as little as can be passed over; None where it is lost.

    The end of the words is at the end of the text.
    """
    best, least = None, math.inf
    for k in range(first, min(first + _AHEAD, len(words)) + 1):
        if k < len(words):
            found = text.find(words[k], place, place + _WINDOW) if words[k] else place
        else:
            found = len(text) if len(text) - place <= _WINDOW else -1
        between = text[place : max(found, place)]
        passed = any(map(str.isalnum, between))
        if found < 0 or (passed and k < len(words) and between[-1].isalnum() and not _NO_BLANKS.match(text, found)):
            continue
        cost = k - first + (max(len(between.split()), 1) if passed else 0)
        if cost < least:
            best, least = (k, found), cost
        if not least:
            break
    return best


def _left(between: str, shown: list[str]) -> str:
    """Give punctuation that stands at the word before to that; return the rest."""
    match = _AFTER.match(between) if shown else None
    if match is None:
        return between
    shown[-1] += match[0]
    return between[match.end() :]


def begins_word(token: str, before: str) -> bool:
    """Tell whether a token of a recogniser begins a word: it has a blank before it, or the script knows none.

    Examples
    --------
    >>> begins_word(" fell", "my"), begins_word("ow", " fell"), begins_word(".", " fellow"), begins_word("好", "你")
    (True, False, False, True)
    """
    if not token.strip() or not before:
        return not before
    if token[0].isspace():
        return True
    return _NO_BLANKS.match(token) is not None and unicodedata.category(token[0])[0] not in "PM"


def ends_sentence(text: str) -> bool:
    """Tell whether a word ends a sentence, by its punctuation."""
    return _SENTENCE_END.search(text) is not None


def ends_clause(text: str) -> bool:
    """Tell whether a word ends a part of a sentence, by its punctuation."""
    return _CLAUSE_END.search(text) is not None


def joined(texts: Iterable[str]) -> str:
    """Return texts as one, on one line; with a blank between two but where both sides are of a script without blanks.

    Examples
    --------
    >>> joined(["Good\\nmorning.", "Yes."]), joined(["你好。", "好", "ok"])
    ('Good morning. Yes.', '你好。好 ok')
    """
    whole = ""
    for text in (" ".join(text.split()) for text in texts):
        close = whole and text and _CLOSE.match(whole[-1]) and _CLOSE.match(text[0])
        whole += text if close or not whole or not text else f" {text}"
    return whole
