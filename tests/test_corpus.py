"""Many recordings from Python: what is written, what is collected, what ends everything."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from diarize import Annotation, AudioError, ConfigError, Diarizer, DiarizeWarning, FormatError, Hints, Shape, Turn
from diarize.corpus import Result, diarize_corpus
from diarize.formats.about import About
from diarize.formats.registry import read_described


@dataclass
class Found:
    """A diarization as far as results are made of it."""

    annotation: Annotation
    channel: int = 1
    layout: str = ""

    def about(self, source: str) -> About:
        return About(source, 4.0, self.channel, "a model", {"seed": 0}, "diarize 0")

    def save(self, path: Path) -> None:
        if path.stem == "full":
            raise FormatError(f"{path}: cannot write the file: No space left on device")
        path.write_text("kept")


class Stub(Diarizer):
    """Finds one turn in every recording, whatever it holds; some names mean mischief."""

    def __init__(self) -> None:
        self.options: list[dict[str, Any]] = []

    def diarize(self, audio: Any, **options: Any) -> Any:
        self.options.append(options)
        if audio.stem == "bad":
            raise AudioError(f"{audio}: not audio")
        if audio.stem == "fault":
            raise ZeroDivisionError("nobody thought of this")
        if audio.stem == "stop":
            raise KeyboardInterrupt
        if audio.stem == "quiet":
            warnings.warn("quiet: no speech was found", DiarizeWarning, stacklevel=1)
        if audio.stem == "remove":
            shutil.rmtree(audio.parent / "out")
        if audio.stem == "block":
            shutil.rmtree(audio.parent / "out")
            (audio.parent / "out").write_text("a file where the folder was")
        return Found(Annotation([Turn(0.5, 2.0, "A")], options["uri"]), options.get("channel", 1))


def targets(folder: Path, *names: str) -> dict[Path, Path | None]:
    return {folder / f"{name}.wav": folder / "out" / f"{name}.rttm" for name in names}


def errors(results: list[Result]) -> list[type | None]:
    return [type(result.error) if result.error else None for result in results]


def test_what_cannot_be_used_does_not_stop_the_others(tmp_path: Path) -> None:
    results = list(diarize_corpus(Stub(), targets(tmp_path, "one", "bad", "fault", "two")))
    assert [result.audio.stem for result in results] == ["one", "bad", "fault", "two"]
    assert errors(results) == [None, AudioError, ZeroDivisionError, None]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.rttm", "two.rttm"]
    assert Annotation.read(tmp_path / "out" / "two.rttm") == Annotation([Turn(0.5, 2.0, "A")], "two")


def test_nothing_is_written_without_a_target_and_warnings_are_collected(tmp_path: Path) -> None:
    (result,) = diarize_corpus(Stub(), {tmp_path / "quiet.wav": None})
    assert result.warnings == ("quiet: no speech was found",)
    assert result.annotation is not None
    assert result.annotation.uri == "quiet"
    assert list(tmp_path.iterdir()) == []


def test_options_are_handed_on_and_the_channel_is_written(tmp_path: Path) -> None:
    stub = Stub()
    list(diarize_corpus(stub, targets(tmp_path, "one"), channel=2, num_speakers=3))
    assert stub.options[0] | {"progress": None} == {"uri": "one", "progress": None, "channel": 2, "num_speakers": 3}
    assert (tmp_path / "out" / "one.rttm").read_text().startswith("SPEAKER one 2 ")


def test_what_is_made_of_a_diarization_is_written_and_its_errors_are_those_of_the_recording(tmp_path: Path) -> None:
    def finish(found: Any) -> Any:
        if found.annotation.uri == "two":
            raise ZeroDivisionError("in what is made of it")
        return Found(found.annotation.rename({"A": "anna"}))

    given = targets(tmp_path, "one", "two")
    results = list(diarize_corpus(Stub(), given, finish=finish))
    assert errors(results) == [None, ZeroDivisionError]
    assert Annotation.from_rttm(tmp_path / "out" / "one.rttm").labels == ["anna"]


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    results = list(diarize_corpus(Stub(), targets(tmp_path, "remove", "two")))
    assert errors(results) == [None, None]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["remove.rttm", "two.rttm"]


def test_without_a_folder_nothing_more_is_computed(tmp_path: Path) -> None:
    stub = Stub()
    results = diarize_corpus(stub, targets(tmp_path, "one", "block", "two"))
    with pytest.raises(FormatError, match="out: cannot create the output folder"):
        list(results)
    assert len(stub.options) == 2


def test_an_interrupt_is_no_error_of_a_recording(tmp_path: Path) -> None:
    results = diarize_corpus(Stub(), targets(tmp_path, "one", "stop", "two"))
    assert next(results).error is None
    with pytest.raises(KeyboardInterrupt):
        next(results)


def test_each_recording_is_watched(tmp_path: Path) -> None:
    seen: list[str] = []

    @contextmanager
    def watch(audio: Path) -> Iterator[None]:
        seen.append(f"begin {audio.stem}")
        yield None
        seen.append(f"end {audio.stem}")

    list(diarize_corpus(Stub(), targets(tmp_path, "one", "two"), watch))
    assert seen == ["begin one", "end one", "begin two", "end two"]


def test_with_a_diarizer_results_are_those_of_single_calls(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(scale=0.05, size=32000)
    soundfile.write(tmp_path / "a.wav", noise, 16000)
    diarizer = Diarizer("fast")
    (result,) = diarize_corpus(diarizer, {tmp_path / "a.wav": None}, speech=None, num_speakers=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiarizeWarning)
        assert result.annotation == diarizer(tmp_path / "a.wav")


def test_a_folder_that_was_removed_is_told_of(tmp_path: Path) -> None:
    results = list(diarize_corpus(Stub(), targets(tmp_path, "one", "remove", "two")))
    assert [len(result.warnings) for result in results] == [0, 1, 0]
    assert "out was removed and is made again; what was in it is gone" in results[1].warnings[0]


def test_a_target_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    stub = Stub()
    with pytest.raises(FormatError, match=r"x\.xyz: not a format that can be written"):
        list(diarize_corpus(stub, {tmp_path / "one.wav": None, tmp_path / "two.wav": tmp_path / "x.xyz"}))
    assert stub.options == []


def test_targets_may_be_text_but_no_list(tmp_path: Path) -> None:
    (result,) = diarize_corpus(Stub(), {str(tmp_path / "one.wav"): str(tmp_path / "one.rttm")})
    assert result.error is None
    assert Annotation.read(tmp_path / "one.rttm").uri == "one"
    with pytest.raises(ConfigError, match="targets map each recording"):
        list(diarize_corpus(Stub(), ["one.wav"]))  # type: ignore[arg-type]


def test_several_files_of_one_recording_say_what_is_known_of_it(tmp_path: Path) -> None:
    files = [tmp_path / "out" / name for name in ("one.json", "one.TextGrid", "one.kaldi")]
    (result,) = diarize_corpus(Stub(), {tmp_path / "one.wav": files}, channel=2)
    assert result.error is None
    known = About(str(tmp_path / "one.wav"), 4.0, 2, "a model", {"seed": 0}, "diarize 0")
    assert result.about == known
    assert read_described(files[0]) == ({"one": result.annotation}, {"one": known})
    assert "xmax = 4.000" in files[1].read_text()
    assert (files[2] / "wav.scp").read_text() == f"one {tmp_path / 'one.wav'}\n"


def test_what_is_written_has_the_shape_that_is_asked_for(tmp_path: Path) -> None:
    names = targets(tmp_path, "one")
    (result,) = diarize_corpus(Stub(), names, shape=Shape(max_turn=1.0))
    assert result.annotation is not None
    assert [(turn.start, turn.end) for turn in result.annotation] == [(0.5, 1.249), (1.25, 2.0)]
    assert Annotation.read(tmp_path / "out" / "one.rttm") == result.annotation


def test_a_real_diarization_says_how_it_was_made(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16000), 16000)
    (result,) = diarize_corpus(Diarizer("fast"), {tmp_path / "a.wav": tmp_path / "a.json"})
    assert result.about is not None
    assert (result.about.duration, result.about.model) == (1.0, "builtin")
    assert result.about.settings["seed"] == Diarizer("fast").config.seed
    assert str(result.about.software).startswith("diarize ")
    assert read_described(tmp_path / "a.json")[1]["a"].settings.keys() == result.about.settings.keys()


def test_hints_are_those_of_each_recording_and_are_written(tmp_path: Path) -> None:
    stub, one, two = Stub(), tmp_path / "one.wav", tmp_path / "two.wav"
    hints = Hints([Turn(0.5, 1.0, "A")])
    results = list(diarize_corpus(stub, {one: tmp_path / "one.json", two: None}, hints={one: hints}))
    assert [options.get("hints") for options in stub.options] == [hints, None]
    assert [result.about.hints if result.about else None for result in results] == [hints, Hints()]
    assert (tmp_path / "one.json").read_text().count('"checked": true') == 1


def test_recordings_are_kept_and_a_full_disk_loses_no_turns(tmp_path: Path) -> None:
    one, two = tmp_path / "one.wav", tmp_path / "two.wav"
    keep = {one: tmp_path / "new" / "full.npz", two: tmp_path / "new" / "two.npz"}
    first, second = diarize_corpus(Stub(), {one: tmp_path / "one.rttm", two: None}, keep=keep)
    assert "No space left" in str(first.error)
    assert (tmp_path / "one.rttm").is_file()
    assert second.error is None
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["two.npz"]
