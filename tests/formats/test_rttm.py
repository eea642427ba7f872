"""RTTM: what is written, what is forgiven, what is refused and where."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.errors import DiarizeWarning, FormatError
from diarize.formats.registry import validate
from diarize.formats.rttm import read_rttm, to_rttm, write_rttm

# the rules as one pattern, written from the list in the plan and not from the writer
LINE = re.compile(r"SPEAKER [^\s]+ 1 \d+\.\d{3} \d+\.\d{3} <NA> <NA> [^\s]+ (<NA>|[01]\.\d{3}) <NA>")
GOOD = "SPEAKER a 1 0.000 1.000 <NA> <NA> anna <NA> <NA>\n"
REFERENCE = Path(__file__).parents[1] / "golden" / "scoring" / "reference.rttm"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "some.rttm"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def random_annotation(seed: int, uri: str) -> Annotation:
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0, 100, 40)
    return Annotation(
        [
            Turn(start, start + length, f"s{rng.integers(5)}", rng.uniform())
            for start, length in zip(starts, rng.exponential(1.0, 40), strict=True)
        ],
        uri,
    )


class TestWrite:
    @pytest.mark.parametrize("seed", range(5))
    def test_rules(self, seed: int, tmp_path: Path) -> None:
        text = to_rttm([random_annotation(seed, "b"), random_annotation(seed + 100, "a")])
        lines = text.splitlines()
        assert all(LINE.fullmatch(line) for line in lines)
        keys = [(fields[1], float(fields[3]), fields[7]) for fields in map(str.split, lines)]
        assert keys == sorted(keys)
        assert text.endswith("\n")
        assert validate(write(tmp_path, text)) == []

    @pytest.mark.parametrize("seed", range(5))
    def test_round_trip_in_whole_milliseconds(self, seed: int, tmp_path: Path) -> None:
        annotation = random_annotation(seed, "meeting")
        annotation.write_rttm(tmp_path / "out.rttm")
        again = Annotation.from_rttm(tmp_path / "out.rttm")
        expected = Annotation(Turn(round(turn.start, 3), round(turn.end, 3), turn.speaker) for turn in annotation)
        assert [(turn.start, turn.end, turn.speaker) for turn in again] == [
            (turn.start, turn.end, turn.speaker) for turn in expected
        ]
        assert again.to_rttm() == annotation.to_rttm()

    def test_no_gap_opens_between_turns_that_touch(self) -> None:
        # with the duration rounded by itself the first would end at 0.000 + 1.000, and the second starts at 1.001
        text = to_rttm(Annotation([Turn(0.0004, 1.0008, "a"), Turn(1.0008, 2.0, "b")]))
        assert [line.split()[3:5] for line in text.splitlines()] == [["0.000", "1.001"], ["1.001", "0.999"]]

    def test_turns_that_round_to_nothing_are_dropped_and_others_joined(self) -> None:
        annotation = Annotation([Turn(1.0001, 1.0004, "a"), Turn(2.0, 3.0002, "b"), Turn(3.0004, 4.0, "b")], "x")
        assert to_rttm(annotation) == "SPEAKER x 1 2.000 2.000 <NA> <NA> b <NA> <NA>\n"

    def test_names(self, tmp_path: Path) -> None:
        annotation = Annotation([Turn(0, 1, "Anna B", 0.98765), Turn(1, 2, "NA")], "team meeting")
        assert to_rttm(annotation).splitlines() == [
            "SPEAKER team%20meeting 1 0.000 1.000 <NA> <NA> Anna%20B 0.988 <NA>",
            "SPEAKER team%20meeting 1 1.000 1.000 <NA> <NA> %4EA <NA> <NA>",
        ]
        read = read_rttm(write(tmp_path, annotation.to_rttm()))
        assert read["team meeting"].labels == ["Anna B", "NA"]

    def test_speakers_that_differ_in_white_space_only_stay_two(self, tmp_path: Path) -> None:
        names = ["a b", "a_b", "a%20b", "a\tb"]
        text = to_rttm(Annotation([Turn(n, n + 0.5, name) for n, name in enumerate(names)], "x"))
        assert [turn.speaker for turn in read_rttm(write(tmp_path, text))["x"]] == names

    def test_two_recordings_with_one_id(self) -> None:
        with pytest.raises(FormatError, match="two annotations"):
            to_rttm([Annotation(uri="x"), Annotation(uri="x")])

    def test_stream_and_file_agree(self, tmp_path: Path) -> None:
        annotation = random_annotation(0, "x")
        stream = io.StringIO()
        write_rttm([annotation], stream)
        write_rttm(annotation, tmp_path / "x.rttm")
        assert (tmp_path / "x.rttm").read_bytes() == stream.getvalue().encode()

    def test_channel(self, tmp_path: Path) -> None:
        annotation = Annotation([Turn(0, 1, "a")], "x")
        assert annotation.to_rttm(channel=2) == "SPEAKER x 2 0.000 1.000 <NA> <NA> a <NA> <NA>\n"
        annotation.write_rttm(tmp_path / "x.rttm", channel=2)
        assert Annotation.from_rttm(tmp_path / "x.rttm") == annotation
        assert validate(tmp_path / "x.rttm") == []

    @pytest.mark.parametrize("uris", [("my call", "my%20call"), ("NA", "%4EA"), (";a", "%3Ba")])
    def test_ids_stay_apart(self, uris: tuple[str, str], tmp_path: Path) -> None:
        write_rttm([Annotation([Turn(0, 1, "a")], uri) for uri in uris], tmp_path / "both.rttm")
        assert set(read_rttm(tmp_path / "both.rttm")) == set(uris)
        assert validate(tmp_path / "both.rttm") == []

    def test_pyannote_reads_it(self, tmp_path: Path) -> None:
        util = pytest.importorskip("pyannote.database.util")
        annotation = random_annotation(3, "x")
        annotation.write_rttm(tmp_path / "x.rttm")
        theirs = util.load_rttm(tmp_path / "x.rttm")["x"]
        assert sorted(theirs.labels()) == annotation.labels
        expected = {label: annotation.durations()[label] for label in theirs.labels()}
        assert {label: theirs.label_duration(label) for label in theirs.labels()} == pytest.approx(expected, abs=0.02)


class TestRead:
    @pytest.mark.parametrize(
        "content",
        [
            b"\xef\xbb\xbf" + GOOD.encode(),
            GOOD.replace("\n", "\r\n"),
            GOOD.replace(" ", "\t"),
            f"  {GOOD}\n\n",
            f";; a comment\n# another\n{GOOD}",
            f"SPKR-INFO a 1 <NA> <NA> <NA> unknown anna <NA> <NA>\n{GOOD}LEXEME a 1 0.1 0.2 hi lex anna <NA> <NA>\n",
            "SPEAKER a 1 0 1 <NA> <NA> anna",
            "SPEAKER a 1 0 1.0 <NA> <NA> anna <NA>",
            "SPEAKER a one 0.0 1e0 <NA> <NA> anna unsure <NA>",
            "SPEAKER a 1 0.5 0.5 <NA> <NA> anna <NA> <NA>\nSPEAKER a 1 0 0.7 <NA> <NA> anna <NA> <NA>\n",
        ],
        ids=["bom", "crlf", "tabs", "blank", "comments", "types", "eight", "nine", "fields", "unsorted"],
    )
    def test_forgiven_but_listed(self, tmp_path: Path, content: str | bytes) -> None:
        path = write(tmp_path, content)
        assert read_rttm(path) == {"a": Annotation([Turn(0.0, 1.0, "anna")], "a")}
        problems = validate(path)
        assert problems
        assert not any(problem.fatal for problem in problems)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("SPEAKER a 1 0.0 1.0 <NA> <NA>", "ten fields"),
            ("SPEAKER a 1 0.0 1.0 <NA> <NA> anna b <NA> <NA>", "ten fields"),
            ("SPEAKER a 1 x 1.0 <NA> <NA> anna <NA> <NA>", "the start must be a number .* got 'x'"),
            ("SPEAKER a 1 0,5 1.0 <NA> <NA> anna <NA> <NA>", "'0,5'"),
            ("SPEAKER a 1 nan 1.0 <NA> <NA> anna <NA> <NA>", "'nan'"),
            ("SPEAKER a 1 1_0 1.0 <NA> <NA> anna <NA> <NA>", "'1_0'"),
            ("SPEAKER a 1 -0.5 1.0 <NA> <NA> anna <NA> <NA>", "at least 0"),
            ("SPEAKER a 1 0.5 -1.0 <NA> <NA> anna <NA> <NA>", "the duration must be at least 0"),
            ("SPEAKER a 1 0.5 1e999 <NA> <NA> anna <NA> <NA>", "finite"),
            (f"SPEAKER a 1 {'9' * 10**6} 1.0 <NA> <NA> anna <NA> <NA>", r"finite, got '9{57,60}\.\.\.$"),
            (f"SPEAKER a 1 {'x' * 10**6} 1.0 <NA> <NA> anna <NA> <NA>", r"number .* got 'x{57,60}\.\.\.$"),
            ("x" * 10**6, r"begins with SPEAKER, got 'x{57,60}\.\.\.$"),
            ("a 1 0.0 1.0", "begins with SPEAKER, got 'a'"),
        ],
    )
    def test_refused_with_file_and_line(self, tmp_path: Path, line: str, words: str) -> None:
        path = write(tmp_path, f"{GOOD}{line}\n")
        with pytest.raises(FormatError, match=rf"some\.rttm:2: .*{words}"):
            read_rttm(path)
        assert [problem.line for problem in validate(path) if problem.fatal] == [2]

    def test_zero_duration_is_dropped_with_one_warning(self, tmp_path: Path) -> None:
        zero = "SPEAKER a 1 5.000 0.000 <NA> <NA> ben <NA> <NA>\n"
        path = write(tmp_path, GOOD + zero + zero)
        with pytest.warns(DiarizeWarning, match=r"some\.rttm:2: the duration is zero.*1 more") as caught:
            annotations = read_rttm(path)
        assert len(caught) == 1
        assert annotations["a"].labels == ["anna"]
        assert [problem.line for problem in validate(path)] == [2, 3]

    def test_sums_of_decimals_touch(self, tmp_path: Path) -> None:
        path = write(tmp_path, GOOD.replace("0.000 1.000", "0.1 0.2") + GOOD.replace("0.000 1.000", "0.3 0.1"))
        assert 0.1 + 0.2 > 0.3  # what the reader has to see through
        assert len(read_rttm(path)["a"]) == 1
        assert validate(path) == []

    def test_recordings_and_confidence(self, tmp_path: Path) -> None:
        lines = [GOOD.replace("anna <NA>", "anna 0.25"), GOOD.replace(" a ", " b "), GOOD.replace("anna <NA>", "c 7")]
        annotations = read_rttm(write(tmp_path, "".join(lines)))
        assert list(annotations) == ["a", "b"]
        assert [turn.confidence for turn in annotations["a"]] == [0.25, None]

    def test_missing_file_and_directory(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=r"none\.rttm: cannot read the file: No such file"):
            read_rttm(tmp_path / "none.rttm")
        with pytest.raises(FormatError, match="Is a directory"):
            read_rttm(tmp_path)

    def test_random_bytes(self, tmp_path: Path) -> None:
        path = write(tmp_path, np.random.default_rng(0).bytes(1000))
        with pytest.raises(FormatError, match=r"some\.rttm:\d+: not text in UTF-8"):
            read_rttm(path)

    def test_empty_file(self, tmp_path: Path) -> None:
        assert read_rttm(write(tmp_path, "")) == {}
        assert validate(write(tmp_path, "")) == []


class TestOneRecording:
    def test_by_name(self) -> None:
        assert Annotation.from_rttm(REFERENCE, "overlap").labels == ["a", "b", "c"]

    @pytest.mark.parametrize("uri", [None, "unheard"])
    def test_which_one(self, uri: str | None) -> None:
        with pytest.raises(FormatError, match=r"reference\.rttm: .*the file holds: call, cut"):
            Annotation.from_rttm(REFERENCE, uri)

    def test_empty_file(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="holds: none"):
            Annotation.from_rttm(write(tmp_path, ""))


class TestValidate:
    def test_all_problems_in_order_of_lines(self, tmp_path: Path) -> None:
        path = write(
            tmp_path,
            "SPEAKER a 1 1.000 1.000 <NA> <NA> anna <NA> <NA>\n"
            "\n"
            "SPEAKER a 1 0.500 1.000 <NA> <NA> ben <NA> <NA>\n"
            "SPEAKER a 1 1.500 1.000 <NA> <NA> anna <NA> <NA>\n"
            "SPEAKER a 1 bad worse <NA> <NA> anna <NA> <NA>\n"
            "SPEAKER NA 0 3.000 1.000 <NA> <NA> null 1.5 <NA>\n"
            "SPEAKER b 1 3.000 1.000 <NA> <NA>  anna <NA> <NA>",
        )
        listed = [(problem.line, problem.message) for problem in validate(path)]
        expected = [
            (2, "blank line"),
            (3, "sorted"),
            (4, "'anna' is still talking until 2.000"),
            (5, "the start must be a number"),
            (6, "recording id 'NA' is taken for a missing value"),
            (6, "speaker 'null' is taken for a missing value"),
            (6, "channel"),
            (6, "confidence"),
            (6, "sorted"),
            (7, "line feed"),
            (7, "single blanks"),
        ]
        assert [line for line, _ in listed] == [line for line, _ in expected]
        for line, words in expected:
            assert any(at == line and words in message for at, message in listed), (line, words)

    def test_a_channel_of_thousands_of_digits(self, tmp_path: Path) -> None:
        assert validate(write(tmp_path, GOOD.replace(" 1 ", f" {'1' * 9999} ", 1))) == []
        (problem,) = validate(write(tmp_path, GOOD.replace(" 1 ", f" {'0' * 9999} ", 1)))
        assert len(str(problem)) < 200 + len(str(tmp_path))

    def test_text_form(self, tmp_path: Path) -> None:
        problem = validate(write(tmp_path, GOOD + GOOD.replace("1.000 <NA>", "1.000 x <NA>", 1)))[0]
        assert str(problem).endswith("some.rttm:2: a SPEAKER line has ten fields separated by blanks, got 11")

    def test_unreadable(self, tmp_path: Path) -> None:
        problems = validate(tmp_path / "none.rttm")
        assert [(problem.line, problem.fatal) for problem in problems] == [(0, True)]
