"""Where words begin and end, in writing with blanks and without."""

from __future__ import annotations

import pytest

from diarize.transcripts.scripts import begins_word, ends_clause, ends_sentence, joined, pieces, spaced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there,\nyou.", ["Hello", " there,", "\nyou."]),
        ("don’t “say” it…", ["don’t", " “say”", " it…"]),
        ("你好,世界。", ["你", "好", ",", "世", "界。"]),
        ("私は「はい」と言った。", ["私", "は", "「は", "い」", "と", "言", "っ", "た。"]),
        ("我用GPS、ok", ["我", "用", "GPS、", "ok"]),
        ("안녕 하세요", ["안녕", " 하세요"]),
        ("  ", []),
    ],
)
def test_pieces(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected
    assert "".join(pieces(text)) == text.strip()


def test_words_get_the_blanks_of_their_text() -> None:
    assert spaced([" I", "'m", " fine"], " I'm fine") == [" I", "'m", " fine"]
    assert spaced(["今", "日", "は"], "今日は") == ["今", "日", "は"]
    assert spaced(["a", "b"], "") == [" a", " b"]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        ("he said yes well", "He said: “Yes.” Well…", ["He", " said:", " “Yes.”", " Well…"]),
        ("twenty dogs bark", "20 dogs\nbark", ["20", " dogs", "\nbark"]),  # as many words: those of the text
        ("the twenty one dogs", "The 21 dogs!", ["The", " twenty", " one", " dogs!"]),
        ("um so we go", "So, we go.", [" um", " So,", " we", " go."]),
        ("page fourteen", "page 14.", ["page", " 14."]),
        ("we go", "We all went and go", ["We", " go"]),
        ("xx yy zz", "a b c d e f g h", [" xx", " yy", " zz"]),
        ("今 日 は", "今日は、いい。", ["今", "日", "は"]),
        ("今 日 は い", "今日、はい！", ["今", "日、", "は", "い！"]),
        ("İ b", "İ, B", ["İ,", " B"]),  # small letters of it are two
    ],
)
def test_words_get_the_punctuation_of_their_text(words: str, text: str, expected: list[str]) -> None:
    assert spaced(words.split(), text) == expected


def test_words_are_found_again_behind_others() -> None:
    own = [f"w{k}" for k in range(60)]
    text = " ".join(own[:20] + [f"x{k}" for k in range(20, 24)] + own[24:])
    assert [one.strip() for one in spaced(own, text)] == own[:20] + ["x20", "x21", "x22", "x23"] + own[24:]


@pytest.mark.parametrize(
    ("token", "before", "expected"),
    [
        (" my", " And", True),
        ("llow", " fe", False),
        (",", " fellow", False),
        ("日", "今", True),
        ("。", "日", False),
        ("ที่", "คน", True),
        ("\u0e35", "ท", False),  # a vowel sign of Thai belongs to the consonant before
        ("x", "", True),
    ],
)
def test_tokens_that_begin_words(token: str, before: str, expected: bool) -> None:
    assert begins_word(token, before) is expected


def test_ends() -> None:
    assert all(ends_sentence(word) for word in (" yes.", "yes?!", "什么？", 'no."', "end.)"))
    assert not any(ends_sentence(word) for word in ("yes", "3.5", "yes,", ""))
    assert all(ends_clause(word) for word in ("yes,", "是，", "so;"))
    assert not ends_clause("yes")


def test_joined_has_blanks_where_the_script_has_them() -> None:
    assert joined(["a b\nc", "", "d"]) == "a b c d"
    assert joined(["今日は。", "元気"]) == "今日は。元気"
