"""The table of formats: which one a file is in, what it keeps, and what happens where it cannot do what is asked."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from diarize import Annotation, DiarizeWarning, FormatError, Segment, Turn
from diarize.formats import registry
from diarize.formats.about import About
from diarize.formats.names import file_stem
from diarize.formats.registry import (
    FORMATS,
    Format,
    by_ending,
    by_name,
    format_of,
    format_to_write,
    read_all,
    read_regions,
    stem_of,
    validate,
    write_all,
)
from diarize.formats.turns import Entry, Parsed

ANNOTATION = Annotation([Turn(0.0, 1.5, "anna", 0.5), Turn(1.0, 2.0, "ben")], "my call")
ABOUT = {"my call": About(source="sounds/my call.wav", duration=2.5)}
# written by hand: each says that anna talks from 0 to 2 seconds, or that somebody does
SAMPLES = {
    "rttm": "SPEAKER talk 1 0.000 2.000 <NA> <NA> anna <NA> <NA>\n",
    "json": '{"format": "diarize", "version": 1, "recording": "talk",\n'
    ' "turns": [{"start": 0, "end": 2.0, "speaker": "anna"}]}\n',
    "json-pyannote": '{"jobId": "1", "output": {"diarization": [\n  {"start": 0.0, "end": 2, "speaker": "anna"}]}}\n',
    "jsonl": '{"id": "1", "recording_id": "talk", "start": 0, "duration": 2.0, "channel": 0, "speaker": "anna"}\n',
    "csv": "recording,start,end,speaker\ntalk,0.0,2.0,anna\n",
    "tsv": "start\tduration\tspeaker\turi\n0.0\t2.0\tanna\ttalk\n",
    "audacity": "0.000000\t2.000000\tanna\n",
    "lab": "0.0 2.0 anna\n",
    "textgrid": 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2.5\n<exists>\n1\n"IntervalTier"\n"anna"\n'
    '0\n2.5\n2\n0\n2.0\n"hello"\n2.0\n2.5\n""\n',
    "eaf": '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT><TIME_ORDER>'
    '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="2000"/></TIME_ORDER>'
    '<TIER TIER_ID="anna"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="1" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">'
    "<ANNOTATION_VALUE>hello</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:02.000\n<v anna>Hello!\n",
    "srt": "1\n00:00:00,000 --> 00:00:02,000\nanna: Hello!\n",
    "ctm": "talk 1 0.0 0.5 so 0.9 lex anna\ntalk 1 0.5 1.5 there NA lex anna\n",
    "stm": "talk 1 anna 0.00 2.00 <o,f0,female> so there\n",
    "uem": "talk 1 0.000 2.000\n",
}
READABLE = [item.name for item in FORMATS if item.parse]
NAMES = [
    "Anna B",
    " lead",
    "trail ",
    "a\tb",
    "a\nb",
    "a\u2028b",
    "100%",
    "a%20b",
    "%41",
    "%2509",
    "NA",
    "null",
    "1",
    "0.5",
]
NAMES += [
    "😀",
    "👨\u200d👩\u200d👧",
    "\udcff",
    "é\u00a0x",
    "x" * 3000,
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "-x",
]
NAMES += [
    "a & b",
    "&amp;",
    "]]>",
    "noise",
    "Silence",
    "a:b",
    "a: b",
    "[x]: y",
    'q"uo""te',
    ";c",
    "#c",
    "\\c",
    "-->",
    ":",
]
NAMES += [
    "00:00:01.000 --> 00:00:02.000",
    "NOTE x",
    "WEBVTT",
    "a,b;c",
    "<speech>",
    "\ufeffx",
    "$(reboot)",
    "../x",
    "a|",
]


def written(folder: Path, name: str) -> Path:
    """Return a sample as a file, or as a folder, that says by its ending what it is."""
    path = folder / f"talk{by_name(name).ending}"
    if name == "kaldi":
        path.mkdir()
        (path / "segments").write_text("talk-anna-1 talk 0.00 2.00\n")
        (path / "utt2spk").write_text("talk-anna-1 talk-anna\n")
    else:
        path.write_text(SAMPLES[name])
    return path


def test_names_and_endings_are_taken_once() -> None:
    names, endings = [item.name for item in FORMATS], [end for item in FORMATS for end in item.endings + item.shared]
    assert len(set(names)) == len(names)
    assert len({ending.lower() for ending in endings}) == len(endings)
    assert all(ending.startswith(".") for ending in endings)


def test_every_format_has_a_sample_here_and_a_row_in_the_documentation() -> None:
    assert {item.name for item in FORMATS} == {*SAMPLES, "kaldi"}
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert all(f"| `{item.name}` | `{item.ending}` |" in page for item in FORMATS)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_seen_by_ending_and_by_content(tmp_path: Path, name: str) -> None:
    for ending in (by_name(name).ending, by_name(name).ending.upper(), ".txt", ".json", ""):
        path = tmp_path / f"file{ending}"
        path.write_text(f"; a comment\n\n{SAMPLES[name]}")
        assert format_of(path).name == name


@pytest.mark.parametrize("name", READABLE)
def test_each_sample_is_read(tmp_path: Path, name: str) -> None:
    expected = Annotation([Turn(0.0, 2.0, "anna", 0.9 if name == "ctm" else None)], "talk")
    assert Annotation.read(written(tmp_path, name)) == expected


@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.name)
def test_regions_of_each_sample(tmp_path: Path, item: Format) -> None:
    regions = read_regions(written(tmp_path, item.name))
    unnamed = item.anonymous or item.name == "eaf"  # ELAN's own files name no recording
    assert regions == {"" if unnamed else "talk": [Segment(0, 2)]}


@pytest.mark.parametrize("name", SAMPLES)
def test_checks_find_nothing_in_the_samples_and_something_in_rubbish(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    assert validate(path) == []
    for rubbish in ("{}\n", "x" * 200_000, '"', "[" * 100_000, "<a", '{"turns": 5'):
        path.write_text(rubbish)
        problems = validate(path, name)
        assert any(problem.fatal for problem in problems), rubbish[:20]
        assert all(len(str(problem)) < 400 + len(str(path)) for problem in problems)
        if by_name(name).parse:
            with pytest.raises(FormatError, match="talk"):
                read_all(path, name)


@pytest.mark.parametrize("name", READABLE)
def test_what_is_written_reads_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"my call{by_name(name).ending}"
    write_all([ANNOTATION], path, about=ABOUT)
    kept = {"rttm", "json", "json-pyannote", "jsonl", "csv", "tsv", "ctm"}
    sure = [turn.confidence if name in kept else None for turn in ANNOTATION]
    expected = Annotation(
        [Turn(t.start, t.end, t.speaker, c) for t, c in zip(ANNOTATION, sure, strict=True)], "my call"
    )
    assert Annotation.read(path) == expected
    assert validate(path) == []
    bare = path.rename(tmp_path / "my call")
    assert Annotation.read(bare) == Annotation.read(bare, name, uri="my call") == expected
    if not by_name(name).folder:
        stream = io.StringIO()
        write_all([ANNOTATION], stream, name, about=ABOUT)
        link = ' RELATIVE_MEDIA_URL="./../' if name == "eaf" else None
        assert link or stream.getvalue().encode() == bare.read_bytes()


@pytest.mark.parametrize("name", READABLE)
def test_names_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    turns = [Turn(n, n + 1.5, speaker) for n, speaker in enumerate(NAMES)]
    for uri in ("100% 😀", "a%20b", "../up/../er", "NA", "=x", "a\tb", ".hidden", "\udcff"):
        path = tmp_path / f"{file_stem(uri)}{by_name(name).ending}"
        write_all([Annotation(turns, uri)], path, about={uri: About(source="x.wav")})
        assert path.resolve().parent == tmp_path
        assert Annotation.read(path) == Annotation(turns, uri)
        assert validate(path) == []


@pytest.mark.parametrize("name", READABLE)
def test_times_are_whole_milliseconds_that_neither_gape_nor_overlap(tmp_path: Path, name: str) -> None:
    turns = [Turn(0.00049, 1.23456, "a"), Turn(1.23456, 36000.0006, "b"), Turn(36000.0006, 36000.0009, "c")]
    path = tmp_path / f"x{by_name(name).ending}"
    write_all([Annotation(turns, "x")], path, about={"x": About(source="x.wav")})
    assert Annotation.read(path) == Annotation([Turn(0, 1.235, "a"), Turn(1.235, 36000.001, "b")], "x")


@pytest.mark.parametrize("item", [item for item in FORMATS if item.write], ids=lambda item: item.name)
def test_several_recordings_share_a_file_or_are_refused(tmp_path: Path, item: Format) -> None:
    several = [Annotation([Turn(0, 1, "anna")], "two"), Annotation([Turn(0, 2, "anna")], "one")]
    path = tmp_path / f"all{item.ending}"
    about = {one.uri: About(source=f"{one.uri}.wav") for one in several}
    if item.holds_one:
        with pytest.raises(
            FormatError, match=f"a file in {item.name} is about one recording, and there are 2: two, one"
        ):
            write_all(several, path, about=about)
        assert not path.exists()
        return
    write_all(several, path, about=about)
    read = read_regions(path)
    assert read == {"two": [Segment(0, 1)], "one": [Segment(0, 2)]}


@pytest.mark.parametrize("name", READABLE)
def test_recordings_without_turns_and_those_that_touch(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"x{by_name(name).ending}"
    write_all([Annotation((), "x")], path, about={"x": About(source="x.wav")})
    assert not any(Annotation.read(path).turns for _ in read_all(path))
    overlapping = [Turn(0, 2, "a"), Turn(1, 3, "a")]  # one turn in every annotation
    write_all([Annotation(overlapping, "x")], path, about={"x": About(source="x.wav")})
    assert Annotation.read(path) == Annotation([Turn(0, 3, "a")], "x")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_text("\n; nothing\n")
    assert read_all(path) == {}
    assert read_regions(path) == {}


def test_unknown_content(tmp_path: Path) -> None:
    path = tmp_path / "what.txt"
    path.write_text("; a comment\n{" + "x" * 10**6 + "}\n")
    words = r"what\.txt:2: a line of none of the known formats \(rttm, json, .*, kaldi\)"
    with pytest.raises(FormatError, match=words) as caught:
        read_all(path)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_a_folder_that_is_not_kaldi_s(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="a folder, but not Kaldi's"):
        read_all(tmp_path)


def test_a_format_that_names_no_speakers(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="uem says where speech is, not who speaks"):
        Annotation.read(written(tmp_path, "uem"))


@pytest.mark.parametrize("target", ["out.xyz", "out", "out.rttm.bak"])
def test_a_file_whose_ending_cannot_be_written(tmp_path: Path, target: str) -> None:
    with pytest.raises(FormatError, match=rf"{target}: not a format that can be written; .* end in \.rttm"):
        ANNOTATION.write(tmp_path / target)
    assert list(tmp_path.iterdir()) == []


def test_unknown_names_and_streams_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"unknown format 'xyz' \(known: rttm, json, .*\)"):
        ANNOTATION.write(tmp_path / "out.rttm", "xyz")
    with pytest.raises(FormatError, match="unknown format 'RTTM'"):
        Annotation.read(tmp_path / "out.rttm", "RTTM")
    with pytest.raises(FormatError, match="a stream: not a format that can be written; name one"):
        ANNOTATION.write(io.StringIO())
    with pytest.raises(FormatError, match="kaldi is a folder of files"):
        ANNOTATION.write(io.StringIO(), "kaldi")


def test_endings() -> None:
    assert by_ending("a.b/call.PYANNOTE.JSON") is by_name("json-pyannote")
    assert by_ending("call.json") is format_to_write("call.json") is by_name("json")
    assert by_ending(".json") is by_ending("call") is None
    assert [stem_of(f"x/{name}") for name in ("a.b.pyannote.json", "a.b.TEXTGRID", "a.b", "a.ch2.csv")] == [
        "a.b",
        "a.b",
        "a",
        "a",
    ]


def test_what_is_missing_is_said_once(tmp_path: Path) -> None:
    with pytest.warns(DiarizeWarning, match=r"wav\.scp is left out, since it is not known where the sound is of: my"):
        ANNOTATION.write(tmp_path / "x.kaldi")
    assert sorted(path.name for path in (tmp_path / "x.kaldi").iterdir()) == ["segments", "spk2utt", "utt2spk"]


def test_a_new_format_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse_names(path: registry.FilePath) -> Parsed:
        names = Path(path).read_text().removeprefix("NAMES ").split()
        return Parsed([Entry(1, "call", Turn(n, n + 1, name)) for n, name in enumerate(names)])

    def is_names(head: str) -> bool:
        return head.startswith("NAMES ")

    row = Format(name="names", endings=(".names",), recognise=is_names, parse=parse_names)
    monkeypatch.setattr(registry, "FORMATS", (*FORMATS, row))
    path = tmp_path / "call.txt"
    path.write_text("NAMES ben anna\n")
    assert Annotation.read(path).labels == ["anna", "ben"]
    assert read_regions(path) == {"call": [Segment(0, 2)]}
    assert by_ending("call.NAMES") is by_name("names") is row
    assert validate(path) == []
    with pytest.raises(FormatError, match="names: not a format that can be written"):
        Annotation.read(path).write(io.StringIO(), "names")


@pytest.mark.parametrize(("name", "channels"), [("rttm", "12"), ("ctm", "12"), ("stm", "12"), ("jsonl", "01")])
def test_the_channel_of_each_speaker_is_written(name: str, channels: str) -> None:
    stream, call = io.StringIO(), Annotation([Turn(0, 2, "agent"), Turn(2, 3, "customer")], "call")
    write_all([call], stream, name, about={"call": About(channels={"agent": 1, "customer": 2})})
    place = r'"channel": ?(\d)' if name == "jsonl" else r"call (\d) "
    assert "".join(re.findall(place, stream.getvalue())) == channels
