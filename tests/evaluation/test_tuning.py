"""The search on errors that are known, the folder, the judgement, and the whole on samples with a wrong setting."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.annotation import Annotation, Segment, Turn
from diarize.config import Config, OutputConfig, SpeakerConfig, SpeechConfig, load_config
from diarize.errors import ConfigError, DiarizeWarning, FormatError
from diarize.evaluation import tuning
from diarize.evaluation.scoring import Score
from diarize.evaluation.scoring import score as der_parts
from diarize.evaluation.tuning import Example, Tuning, changes_to_toml, find_examples, search, tune
from diarize.pipeline import Diarizer

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"

Errors = Callable[[Config], npt.NDArray[np.float64]]


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


# -- the search -----------------------------------------------------------------------------------------------------


def bowl(bias: float, loop: float) -> Errors:
    """Return errors of four recordings that are smallest at these settings."""
    return lambda config: np.full(
        4, 1 + (config.speech.bias - bias) ** 2 + 100 * (config.speakers.loop_probability - loop) ** 2
    )


@pytest.mark.parametrize(("bias", "loop"), [(2, 0.7), (-3, 0.99), (-0.5, 0.95), (4, 0.9)])
def test_the_bottom_is_found(bias: float, loop: float) -> None:
    found = search(bowl(bias, loop), Config())
    assert (found.speech.bias, found.speakers.loop_probability) == (bias, loop)
    unchanged = found.with_(speech=SpeechConfig(), speakers=SpeakerConfig())
    assert unchanged == Config()


def test_a_start_off_the_ladder_counts_as_a_rung() -> None:
    start = Config(speech=SpeechConfig(bias=0.2))
    assert search(bowl(0.2, 0.95), start) == start
    assert search(bowl(3, 0.95), start).speech.bias == 3


def test_the_limits_of_the_prior_go_along() -> None:
    start = Config(speakers=SpeakerConfig(prior=2.0, min_prior=1.0, max_prior=600.0))
    speakers = search(lambda config: np.full(3, abs(config.speakers.prior - 2.7)), start).speakers
    assert (speakers.prior, speakers.min_prior, speakers.max_prior) == (2.7, 1.35, 810.0)
    # one more step would take max_prior above what it may be
    speakers = search(lambda config: np.full(3, 10 - config.speakers.prior), start).speakers
    assert (speakers.prior, speakers.max_prior) == (2.7, 810.0)


def test_one_recording_alone_changes_nothing() -> None:
    def errors(config: Config) -> npt.NDArray[np.float64]:
        moved = config.speech.bias != -0.5
        return np.array([5.0, 5.0, 5.0, 1.0 if moved else 9.0])

    assert search(errors, Config()) == Config()


def test_near_ties_change_nothing() -> None:
    assert search(lambda config: np.full(4, 100 - 0.4 * config.speech.bias), Config()) == Config()


def test_each_setting_is_tried_once() -> None:
    seen: list[Config] = []

    def errors(config: Config) -> npt.NDArray[np.float64]:
        seen.append(config)
        return np.zeros(3)

    search(errors, Config())
    assert len(set(seen)) == 1 + 2 * len(tuning._LADDERS) - 1  # up and down, but pauses cannot be shorter than none


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
    with pytest.warns(DiarizeWarning, match=r"1 recordings have no \.rttm.*: call\.flac"):
        assert [example.audio.stem for example in find_examples(folder)] == ["dialogue"]
    (folder / "more" / "dialogue.rttm").unlink()
    with pytest.raises(FormatError, match=r"no recordings with references; .*\(audio files found: 2\)"):
        find_examples(folder)


def test_regions_of_another_recording(folder: Path) -> None:
    (folder / "call.uem").write_text("other 1 0.000 5.000\n")
    with pytest.raises(FormatError, match=r"call\.uem: no regions for recording 'call' \(the file names: other\)"):
        find_examples(folder)


# -- the whole ------------------------------------------------------------------------------------------------------


def test_recordings_are_divided_without_loss() -> None:
    assert tuning._parts(3, 0) == [[0], [1], [2]]
    assert len(tuning._parts(10, 0)) == 10
    parts = tuning._parts(23, 0)
    assert sorted(map(len, parts)) == [4, 4, 5, 5, 5]
    assert sorted(index for part in parts for index in part) == list(range(23))
    assert parts == tuning._parts(23, 0) != tuning._parts(23, 1)


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
        heard = tuning._Heard(example, Diarizer("fast"))
        expected = Diarizer(config)(example.audio)
        assert heard.score(config) == der_parts(example.reference, expected, example.uem)


def test_a_wrong_setting_is_put_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_LADDERS", {"speech.bias": (-20, -12, 0)})
    shutil.copy(folder / "call.flac", folder / "again.flac")
    (folder / "again.rttm").write_text((folder / "call.rttm").read_text())
    start = load_config("fast").with_(speech=SpeechConfig(bias=-12.0))
    seen: list[tuple[str, float]] = []
    found = tune(find_examples(folder), start, lambda stage, fraction: seen.append((stage, fraction)))
    assert found.worthwhile
    assert found.config == start.with_(speech=SpeechConfig(bias=0.0))
    assert found.names == ("again", "call", "dialogue")
    assert all(new.der < old.der for old, new in zip(found.before, found.after, strict=True))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert 0 <= min(fractions) < max(fractions) < 1
    assert seen[-1][0].startswith("fit to all, settings tried: ")
    assert tune(find_examples(folder), start) == found


def test_settings_that_cannot_be_bettered_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_LADDERS", {"speech.bias": (-12, 0)})
    start = load_config("fast").with_(speech=SpeechConfig(bias=0.0))
    found = tune(find_examples(folder), start)
    assert not found.worthwhile
    assert found.config == start
    assert found.before == found.after


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
