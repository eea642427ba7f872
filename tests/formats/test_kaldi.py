"""Kaldi's data directory, against what its own checks want and directories of other recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import read_described, validate, write_all

TWO = [
    Annotation([Turn(0.5, 2.0, "speaker2"), Turn(1.25, 3.0, "speaker10"), Turn(12.0, 13.0, "speaker2")], "my call"),
    Annotation([Turn(0, 1, "speaker2")], "b"),
]


def fields(path: Path) -> list[list[str]]:
    return [line.split(" ") for line in path.read_text().splitlines()]


def test_the_files_are_what_kaldi_checks_for(tmp_path: Path) -> None:
    about = {one.uri: About(source=str(tmp_path / f"{one.uri}.wav")) for one in TWO}
    write_all(TWO, tmp_path / "data.kaldi", about=about)
    names = ("segments", "utt2spk", "spk2utt", "wav.scp")
    segments, utt2spk, spk2utt, wav = (fields(tmp_path / "data.kaldi" / name) for name in names)
    assert segments[1:3] == [
        ["my%20call-speaker10-00001250-00003000", "my%20call", "1.250", "3.000"],
        ["my%20call-speaker2-00000500-00002000", "my%20call", "0.500", "2.000"],
    ]
    for table in (segments, utt2spk, spk2utt, wav):
        assert table == sorted(table)
        assert len({row[0] for row in table}) == len(table)
    assert [row[0] for row in segments] == [row[0] for row in utt2spk]
    assert utt2spk == sorted(utt2spk, key=lambda row: row[1])  # in the order of the speakers as well
    assert sorted([utterance, row[0]] for row in spk2utt for utterance in row[1:]) == utt2spk
    assert len(spk2utt) == 3  # speaker2 of one recording is not that of the other
    assert wav == [["b", f"{tmp_path}/b.wav"], ["my%20call", *f"{tmp_path}/my call.wav".split(" ")]]
    assert read_described(tmp_path / "data.kaldi") == ({one.uri: one for one in reversed(TWO)}, about)


def test_a_directory_of_another_recipe(tmp_path: Path) -> None:
    (tmp_path / "segments").write_text("u2 rec 2.5 3.0\nu1 rec 0.00 1.5\n")
    (tmp_path / "utt2spk").write_text("u1 anna\nu2 ben\nu3 carl\n")
    (tmp_path / "wav.scp").write_text("rec sph2pipe -f wav rec.sph |\n")
    annotations, about = read_described(tmp_path)
    assert annotations == {"rec": Annotation([Turn(0, 1.5, "anna"), Turn(2.5, 3, "ben")], "rec")}
    assert about == {"rec": About()}


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ("u1 rec 0 1\nu9 rec 1 2\n", "segments:2: utt2spk does not name the speaker"),
        ("u1 rec 0\n", "segments:1: a line of segments has utterance, recording, start and end; got 3"),
        ("u1\n", "segments:1: two fields at least"),
        ("u1 rec 2 1\n", "segments:1: the turn ends before it starts"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, segments: str, words: str) -> None:
    (tmp_path / "segments").write_text(segments)
    (tmp_path / "utt2spk").write_text("u1 anna\n")
    with pytest.raises(FormatError, match=words):
        read_described(tmp_path)
    assert any(problem.fatal for problem in validate(tmp_path))


@pytest.mark.parametrize("source", ["rm -rf x |", "a\nb.wav", "x.wav "])
def test_a_path_that_kaldi_would_run_or_misread_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(FormatError, match="Kaldi would not take the path"):
        write_all([Annotation((), "x")], tmp_path / "x.kaldi", about={"x": About(source=source)})
    assert list(tmp_path.iterdir()) == []
