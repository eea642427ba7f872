"""The judgement, the folder, and the whole on samples with a wrong setting."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.annotation import Annotation, Segment, Turn
from diarize.config import Config, OutputConfig, SpeechConfig, load_config
from diarize.errors import ConfigError, DiarizeWarning, FormatError
from diarize.evaluation import search
from diarize.evaluation.scoring import Score
from diarize.evaluation.scoring import score as der_parts
from diarize.evaluation.tuning import Example, Heard, Tuning, changes_to_toml, find_examples, folds, tune
from diarize.pipeline import Diarizer

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the first 20 s of a sample, and in a folder in it of another, with references."""
    (tmp_path / "more").mkdir()
    for name, place in (("call", tmp_path), ("dialogue", tmp_path / "more")):
        samples, rate = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
        soundfile.write(place / f"{name}.flac", samples[: 20 * rate], rate)
        Annotation.from_rttm(SAMPLES / f"{name}.rttm").crop(Segment(0, 20)).write_rttm(place / f"{name}.rttm")
    (tmp_path / "more" / "dialogue.uem").write_text("dialogue 1 0.000 19.500\n")
    return tmp_path


# -- the judgement --------------------------------------------------------------------------------------------------


def judged(*won: float, total: float = 100.0) -> Tuning:
    before = tuple(Score(total=total, missed=50.0) for _ in won)
    after = tuple(Score(total=total, missed=50.0 - each) for each in won)
    return Tuning(Config(), tuple(map(str, range(len(won)))), before, after)


def test_the_gain_is_that_of_the_pooled_rate() -> None:
    before = (Score(total=100.0, missed=20.0), Score(total=300.0, confusion=30.0))
    after = (Score(total=100.0, missed=10.0), Score(total=300.0, confusion=32.0))
    assert Tuning(Config(), ("a", "b"), before, after).gain == pytest.approx(8 / 400)


def test_the_deviation_of_a_mean_is_its_standard_error() -> None:
    """With recordings of one length the jackknife gives what the textbook has for a mean."""
    won = [4.0, -1.0, 7.0, 2.0, 3.0]
    assert judged(*won).deviation == pytest.approx(np.std(won, ddof=1) / np.sqrt(5) / 100)


@pytest.mark.parametrize(
    ("won", "worthwhile"),
    [((4.0, 5.0), True), ((10.0, -1.0), False), ((0.0, 0.0, 0.0), False), ((-3.0, -3.0), False), ((6, 1, 2), True)],
)
def test_a_gain_must_be_more_than_chance(won: tuple[float, ...], worthwhile: bool) -> None:
    assert judged(*won).worthwhile is worthwhile


# -- the folder -----------------------------------------------------------------------------------------------------


def test_recordings_references_and_regions_are_found(folder: Path) -> None:
    first, second = find_examples(folder)
    assert (first.audio, first.reference.uri, first.uem) == (folder / "call.flac", "call", None)
    assert second.audio == folder / "more" / "dialogue.flac"
    assert second.uem == (Segment(0.0, 19.5),)
    assert second.reference == Annotation.from_rttm(folder / "more" / "dialogue.rttm")


def test_recordings_without_reference_are_left_out(folder: Path) -> None:
    (folder / "call.rttm").unlink()
    with pytest.warns(DiarizeWarning, match=r"1 recording without \.rttm left out: call\.flac"):
        assert [example.audio.stem for example in find_examples(folder)] == ["dialogue"]
    (folder / "more" / "dialogue.rttm").unlink()
    with pytest.raises(FormatError, match=r"no recordings with references; .*\(audio files found: 2\)"):
        find_examples(folder)


def test_a_recording_that_is_there_twice(folder: Path) -> None:
    (folder / "call.mp4").write_bytes(b"")
    with pytest.raises(FormatError, match=r"call\.flac and call\.mp4: .* would count twice"):
        find_examples(folder)


def test_hidden_files_are_ignored(folder: Path) -> None:
    """macOS puts a `._x.wav` beside each `x.wav` on other disks."""
    for name in ("._call.flac", "._call.rttm", ".draft.wav"):
        (folder / name).write_bytes(b"no sound")
    (folder / ".trash").mkdir()
    shutil.copy(folder / "call.flac", folder / ".trash")
    shutil.copy(folder / "call.rttm", folder / ".trash")
    assert [example.audio.name for example in find_examples(folder)] == ["call.flac", "dialogue.flac"]


def test_regions_of_another_recording(folder: Path) -> None:
    (folder / "call.uem").write_text("other 1 0.000 5.000\n")
    with pytest.raises(FormatError, match=r"call\.uem: no regions for recording 'call' \(the file names: other\)"):
        find_examples(folder)


# -- the whole ------------------------------------------------------------------------------------------------------


def test_recordings_are_divided_without_loss() -> None:
    assert folds(3, 0) == [[0], [1], [2]]
    assert len(folds(10, 0)) == 10
    parts = folds(23, 0)
    assert sorted(map(len, parts)) == [4, 4, 5, 5, 5]
    assert sorted(index for part in parts for index in part) == list(range(23))
    assert parts == folds(23, 0) != folds(23, 1)


@pytest.mark.parametrize(
    "config",
    [
        load_config("fast"),
        load_config("fast").with_(speech=SpeechConfig(bias=2.0), output=OutputConfig(max_pause=0.8)),
        load_config("fast").with_(speech=SpeechConfig(bias=-20.0)),
    ],
    ids=["fast", "changed", "no speech"],
)
@pytest.mark.filterwarnings("ignore::diarize.errors.DiarizeWarning")
def test_what_is_judged_is_what_the_diarizer_does(folder: Path, config: Config) -> None:
    for example in find_examples(folder):
        heard = Heard(example, Diarizer("fast"))
        expected = Diarizer(config)(example.audio)
        assert heard.score(config) == der_parts(example.reference, expected, example.uem)


def test_a_wrong_setting_is_put_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LADDERS", {"speech.bias": (-20, -12, 0)})
    shutil.copy(folder / "call.flac", folder / "again.flac")
    (folder / "again.rttm").write_text((folder / "call.rttm").read_text())
    start = load_config("fast").with_(speech=SpeechConfig(bias=-12.0))
    seen: list[tuple[str, float]] = []
    tuned = tune(find_examples(folder), start, lambda stage, fraction: seen.append((stage, fraction)))
    assert tuned.worthwhile
    assert tuned.config == start.with_(speech=SpeechConfig(bias=0.0))
    assert tuned.names == ("again", "call", "dialogue")
    assert all(new.der < old.der for old, new in zip(tuned.before, tuned.after, strict=True))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert 0 <= min(fractions) < max(fractions) < 1
    assert seen[-1][0].startswith("fit to all, settings tried: ")
    assert tune(find_examples(folder), start) == tuned


def test_settings_that_cannot_be_bettered_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LADDERS", {"speech.bias": (-12, 0)})
    start = load_config("fast").with_(speech=SpeechConfig(bias=0.0))
    tuned = tune(find_examples(folder), start)
    assert not tuned.worthwhile
    assert tuned.config == start
    assert tuned.before == tuned.after


def test_what_cannot_be_tuned(folder: Path) -> None:
    examples = find_examples(folder)
    with pytest.raises(ConfigError, match=r"two labelled recordings at least, got 1.*no cross-validation"):
        tune(examples[:1], Config())
    silent = Example(examples[0].audio, Annotation([Turn(0, 1, "anna")]), (Segment(5, 6),))
    with pytest.raises(ConfigError, match="nobody speaks in the scored regions"):
        tune([silent, silent], Config())


# -- what is written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(seed=2, model='a "model".npz'),
        Config(speech=SpeechConfig(bias=2.5, min_speech=0.3), output=OutputConfig(max_pause=1.0)),
        load_config("meeting"),
        load_config("fast"),
    ],
)
def test_changes_are_a_configuration_of_only_what_differs(config: Config) -> None:
    text = changes_to_toml(config)
    assert Config.from_toml(text) == config
    settings = [line.split(" = ")[0] for line in text.splitlines() if " = " in line and not line.startswith("#")]
    defaults = Config().to_toml().splitlines()
    assert len(settings) == len([line for line in config.to_toml().splitlines() if line not in defaults])
