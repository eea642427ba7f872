"""Scripts and signs: where words end in writing with blanks and without, where sentences end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

# Chinese characters, kana; Korean has blanks
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_OPENING, _CLOSING = "「『（【〔《〈", "、。，．・：；？！」』）】〕》〉…～"
_PIECE = re.compile(rf"\s*[{_OPENING}]*(?:[{_SIGNS}]|[^\s{_SIGNS}{_OPENING}{_CLOSING}]*)[{_CLOSING}]*")
# scripts whose words follow each other without blanks, so that recognisers cut them as they like
_NO_BLANKS = re.compile(rf"[{_SIGNS}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
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
    """Return words each with the blanks that stand before it in a text; one that is not in it gets a blank.

    Examples
    --------
    >>> spaced(["twenty", "-", "one", "odd"], "twenty-one\\nodd")
    ['twenty', '-', 'one', '\\nodd']
    """
    place, spelled = 0, []
    for word in words:
        bare = word.strip()
        found = text.find(bare, place)
        # a word that the text spells otherwise must not be found far behind, or all that follow are lost
        if bare and found >= 0 and not text[place:found].strip():
            spelled.append(text[place:found] + bare)
            place = found + len(bare)
        else:
            spelled.append(f" {bare}")
            place = len(text) if not text[place:].strip() else place + _skip(text[place:])
    return spelled


def _skip(text: str) -> int:
    """Return the length of the first word of a text, with the blanks before it."""
    match = re.match(r"\s*\S+", text)
    return match.end() if match else len(text)


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
