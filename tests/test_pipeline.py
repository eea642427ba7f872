"""The diarizer from end to end: on samples and real recordings with references, on every kind of sound that is none."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.annotation import Annotation, Segment, Turn
from diarize.audio import Excerpt
from diarize.config import Config, FeatureConfig, OutputConfig, OverlapConfig, SpeakerConfig, VoicelessConfig
from diarize.errors import AudioError, ConfigError, DiarizeWarning, FormatError, ModelError
from diarize.evaluation.scoring import score
from diarize.formats.uem import read_uem
from diarize.model import Model, builtin_model
from diarize.pipeline import Analysis, Diarizer
from diarize.stages.detection import Detection
from diarize.stages.limits import UNLIMITED, Limits
from diarize.voices import Voices

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "audio_samples"
REAL = ROOT.parent / "shared" / "recordings" / "dev" / "ami"
RATE = 16000
DIALOGUE = SAMPLES / "dialogue.flac"

Samples = npt.NDArray[np.float32]


needs_recordings = pytest.mark.skipif(not REAL.is_dir(), reason="needs real recordings, in ../shared/recordings")


def seconds_of(segments: list[Segment]) -> float:
    return sum(segment.duration for segment in segments)


def shared_seconds(one: list[Segment], other: list[Segment]) -> float:
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in one for b in other)


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    return Diarizer()


@pytest.fixture(scope="module")
def quick() -> Diarizer:
    return Diarizer("fast")


@pytest.fixture(scope="module")
def carefully(diarizer: Diarizer) -> Callable[[str], Annotation]:
    """Return a function that gives the annotation of a sample with default settings, made once."""
    return cache(lambda name: diarizer(SAMPLES / f"{name}.flac"))


@pytest.fixture(scope="module")
def quickly(quick: Diarizer) -> Callable[[str], Annotation]:
    """Return a function that gives the annotation of a sample with fast settings, made once."""
    return cache(lambda name: quick(SAMPLES / f"{name}.flac"))


@pytest.fixture(scope="module")
def dialogue() -> Samples:
    """Return 25 s with both speakers."""
    samples, rate = soundfile.read(DIALOGUE, frames=25 * RATE, dtype="float32")
    assert rate == RATE
    return np.asarray(samples)


@pytest.mark.parametrize(("name", "n_speakers"), [("dialogue", 2), ("meeting", 4), ("call", 2)])
def test_samples_come_out_sensibly(carefully: Callable[[str], Annotation], name: str, n_speakers: int) -> None:
    """Synthetic voices: this says that nothing is broken, not how good it is."""
    annotation = carefully(name)
    assert annotation.uri == name
    assert abs(len(annotation.labels) - n_speakers) <= 1
    reference = Annotation.from_rttm(SAMPLES / f"{name}.rttm")
    assert score(reference, annotation, read_uem(SAMPLES / f"{name}.uem")[name]).der < 0.35
    labels = annotation.labels
    first_words = [min(turn.start for turn in annotation if turn.speaker == label) for label in labels]
    assert labels == [f"speaker{i}" for i in range(1, len(labels) + 1)]
    assert first_words == sorted(first_words)
    assert all(turn.confidence is not None and 0 < turn.confidence <= 1 for turn in annotation)


@needs_recordings
def test_a_real_recording_comes_out_within_bounds(diarizer: Diarizer) -> None:
    path = REAL / "AMI_EN2009b_000-030.flac"
    annotation, duration = diarizer(path, max_speakers=6), soundfile.info(path).duration
    assert 1 <= len(annotation.labels) <= 6
    assert max(turn.end for turn in annotation) <= duration + 1e-6
    assert 0.1 * duration < seconds_of(annotation.speech()) <= duration
    reference = Annotation.from_rttm(path.with_suffix(".rttm"))
    assert score(reference, annotation, read_uem(path.with_suffix(".uem"))[reference.uri]).der < 0.8


@needs_recordings
def test_overlap_in_a_real_recording_is_overlap_more_often_than_not(diarizer: Diarizer) -> None:
    path = REAL / "AMI_EN2006a_000-030.flac"
    reference = Annotation.from_rttm(path.with_suffix(".rttm"))
    overlap = diarizer(path, num_speakers=len(reference.labels)).overlap()
    right = shared_seconds(overlap, reference.overlap())
    assert seconds_of(overlap) > 0.3
    assert right > 0.5 * seconds_of(overlap)
    assert Diarizer(Config(overlap=OverlapConfig(enabled=False)))(path, min_speakers=2).overlap() == []


def test_overlap_of_a_sample_is_ten_times_likelier_to_be_right_than_chance() -> None:
    """With a bias that lets more pass: the sample's overlap is that of synthetic voices, unlike what was trained on."""
    path, duration = SAMPLES / "meeting.flac", soundfile.info(SAMPLES / "meeting.flac").duration
    annotation = Diarizer(Config(overlap=OverlapConfig(bias=0.0)))(path)
    overlap, truth = annotation.overlap(), Annotation.from_rttm(path.with_suffix(".rttm")).overlap()
    assert shared_seconds(overlap, truth) > 0.5 * seconds_of(truth)
    assert shared_seconds(overlap, truth) / seconds_of(overlap) > 10 * seconds_of(truth) / duration
    assert annotation.duration == pytest.approx(seconds_of(annotation.speech()) + seconds_of(overlap))  # two at most
    assert min(segment.duration for segment in overlap) > 0.19


@pytest.mark.parametrize("name", ["dialogue", "meeting"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_number_of_speakers_is_obeyed(quick: Diarizer, name: str, count: int) -> None:
    assert len(quick(SAMPLES / f"{name}.flac", num_speakers=count).labels) == count


def test_limits_of_the_number_of_speakers_are_obeyed(quick: Diarizer) -> None:
    assert len(quick(DIALOGUE, min_speakers=3).labels) >= 3
    assert len(quick(SAMPLES / "meeting.flac", max_speakers=2).labels) <= 2
    assert 3 <= len(quick(DIALOGUE, min_speakers=3, max_speakers=4).labels) <= 4


def test_more_speakers_than_speech_has_room_for(quick: Diarizer, dialogue: Samples) -> None:
    with pytest.raises(ConfigError, match=r"7 speakers were asked for.*room for 5"):
        quick((dialogue, RATE), speech=[Segment(2.0, 3.0)], num_speakers=7)


@pytest.mark.parametrize("limits", [{"num_speakers": 0}, {"min_speakers": 3, "max_speakers": 2}, {"num_speakers": 1.5}])
def test_impossible_numbers_of_speakers(quick: Diarizer, limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="speakers"):
        quick("no such file is looked at", **limits)


def test_same_input_and_seed_give_the_same_bytes(carefully: Callable[[str], Annotation]) -> None:
    assert Diarizer()(DIALOGUE).to_rttm().encode() == carefully("dialogue").to_rttm().encode()


def test_threads_may_share_a_diarizer(quickly: Callable[[str], Annotation]) -> None:
    paths = [SAMPLES / "dialogue.flac", SAMPLES / "call.flac"]
    serial = [quickly(path.stem) for path in paths]
    shared, results = Diarizer("fast"), {}  # with nothing cached yet

    def work(path: Path) -> None:
        results[path] = shared(path)

    threads = [threading.Thread(target=work, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # the bytes, not the floats: BLAS splits its sums by how many threads are free, which moves the last digit
    assert [results[path].to_rttm() for path in paths] == [annotation.to_rttm() for annotation in serial]


@pytest.mark.parametrize("speech", [None, []])
def test_progress_rises_to_one(quick: Diarizer, dialogue: Samples, speech: list[Segment] | None) -> None:
    seen: list[tuple[str, float]] = []

    def progress(stage: str, fraction: float) -> None:
        seen.append((stage, fraction))

    if speech is None:
        quick((dialogue, RATE), progress=progress)
        assert {stage for stage, _ in seen} == {"audio", "speech", "voices", "speakers", "overlap", "turns"}
    else:
        with pytest.warns(DiarizeWarning, match="no speech is marked"):
            quick((dialogue, RATE), speech=speech, progress=progress)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1


def test_files_and_arrays_are_the_same_as_paths(quick: Diarizer, quickly: Callable[[str], Annotation]) -> None:
    expected = quickly("dialogue")
    with DIALOGUE.open("rb") as file:
        assert quick(file, uri="dialogue") == expected
    assert quick(io.BytesIO(DIALOGUE.read_bytes()), uri="dialogue") == expected
    samples, rate = soundfile.read(DIALOGUE, dtype="float32")
    assert quick((samples, rate), uri="dialogue") == expected
    assert quick((np.stack([samples, samples], axis=1), rate), uri="dialogue") == expected
    assert quick(str(DIALOGUE)) == expected


def test_one_channel_may_be_chosen(quick: Diarizer, dialogue: Samples) -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, len(dialogue)).astype(np.float32)
    both = np.stack([noise, dialogue], axis=1)
    assert quick((both, RATE), channel=2) == quick((dialogue, RATE))
    with pytest.raises(AudioError, match="channel"):
        quick((both, RATE), channel=3)


def time(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(int(seconds * RATE)) / RATE


def noise(*shape: int, level: float = 0.1) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).normal(0, level, shape)


NO_SPEECH = {
    "silence": np.zeros(3 * RATE),
    "faint noise": noise(3 * RATE, level=1e-6),
    "white noise": noise(4 * RATE),
    "tone": 0.5 * np.sin(2 * np.pi * 440 * time(3)),
    "constant": np.full(2 * RATE, 0.5),
    "one sample": np.array([0.25]),
    "one silent sample": np.zeros(1),
    "0.05 s of noise": noise(800),
    "0.05 s of silence": np.zeros(800),
    "32 channels of noise": noise(2 * RATE, 32),
    "clipped noise": np.clip(noise(2 * RATE, level=30.0), -1, 1),
    "clicks": np.where(np.arange(3 * RATE) % 4000 == 0, 1.0, 0.0),
    "square wave": np.sign(np.sin(2 * np.pi * 100 * time(2))),
    "sweep": 0.5 * np.sin(2 * np.pi * 1000 * time(2) ** 2),
    "deafening": noise(2 * RATE, level=1e7),
}


@pytest.mark.filterwarnings("always::diarize.errors.DiarizeWarning")
@pytest.mark.parametrize("name", NO_SPEECH)
def test_sounds_that_are_no_speech_give_little_or_nothing(
    quick: Diarizer, name: str, recwarn: pytest.WarningsRecorder
) -> None:
    samples = NO_SPEECH[name]
    annotation = quick((samples, RATE), uri="odd")
    warned = [str(warning.message) for warning in recwarn if issubclass(warning.category, DiarizeWarning)]
    assert len(annotation) > 0 or any("odd: no speech was found; the result is empty" in text for text in warned)
    assert len(annotation.labels) <= 1  # what a detector may take a sweep for is one speaker at most
    assert all(turn.end <= len(samples) / RATE + 1e-9 for turn in annotation)


def test_silence_is_empty(quick: Diarizer) -> None:
    with pytest.warns(DiarizeWarning, match="quiet: no speech was found") as caught:
        assert quick((np.zeros(RATE), RATE), uri="quiet") == Annotation((), "quiet")
    assert caught[0].filename == __file__
    with pytest.raises(ConfigError, match="no speech was found, so there cannot be 2 speakers"):
        quick((np.zeros(RATE), RATE), num_speakers=2)


@pytest.fixture(scope="module")
def undisturbed(quick: Diarizer, dialogue: Samples) -> Annotation:
    return quick((dialogue[: 12 * RATE], RATE))


@pytest.mark.parametrize("disturb", ["clipped", "many channels", "offset", "soft", "integers"])
def test_disturbed_speech_is_still_speech(
    quick: Diarizer, dialogue: Samples, undisturbed: Annotation, disturb: str
) -> None:
    samples = dialogue[: 12 * RATE]
    changed: dict[str, npt.NDArray[Any]] = {
        "clipped": np.clip(30 * samples, -1, 1),
        "many channels": np.tile(samples[:, None], (1, 32)),
        "offset": samples + 0.4,
        "soft": samples * 0.01,
        "integers": (samples * 32767).astype(np.int16),
    }
    assert 0.7 < quick((changed[disturb], RATE)).duration / undisturbed.duration < 1.4


def test_whoever_is_known_gets_the_name_and_hints_hold() -> None:
    turns = Annotation.from_rttm(SAMPLES / "dialogue.rttm")
    known = Voices().enroll("Anna", Diarizer().with_turns(Excerpt(SAMPLES / "dialogue.flac", 0, 27), turns), "anna")
    diarizer = Diarizer(voices=known)
    second = diarizer.diarize(Excerpt(SAMPLES / "dialogue.flac", 27))
    assert second.annotation.labels == ["Anna", "speaker1"]
    assert second.ratios["Anna"] > 3
    talk = {name: [turn for turn in second.annotation if turn.speaker == name] for name in second.annotation.labels}
    longest = max(talk["speaker1"], key=lambda turn: turn.duration)
    corrected = diarizer.correct(second, [Turn(longest.start, longest.end, "Ben")])
    assert corrected.annotation.labels == ["Anna", "Ben"]
    assert list(corrected.ratios) == ["Anna"]
    with pytest.raises(ModelError, match="another model"):
        Diarizer(voices=replace(known, models={"wide": "0"}))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_an_error(quick: Diarizer, dialogue: Samples, bad: float) -> None:
    broken = dialogue.copy()
    broken[8000] = bad
    with pytest.raises(AudioError, match=r"sample at 0\.500 s"):
        quick((broken, RATE))


@pytest.mark.parametrize("audio", [(np.zeros(0), RATE), SAMPLES / "none.flac", SAMPLES / "README.md"])
def test_audio_that_is_none_is_an_error(quick: Diarizer, audio: Any) -> None:
    with pytest.raises(AudioError):
        quick(audio)


@pytest.fixture
def marks() -> list[Segment]:
    return [Segment(1.0, 4.0), Segment(5.0, 9.0)]


def spans(annotation: Annotation) -> list[tuple[float, float]]:
    return [(round(segment.start, 6), round(segment.end, 6)) for segment in annotation.speech()]


def mark_files(folder: Path, marks: list[Segment]) -> Iterator[Path]:
    lines = {
        "rttm": "SPEAKER audio 1 {start:.3f} {duration:.3f} <NA> <NA> anna <NA> <NA>\n",
        "uem": "audio 1 {start:.3f} {end:.3f}\n",
        "lab": "{start:.3f} {end:.3f} speech\n",
    }
    for ending, line in lines.items():
        path = folder / f"marks.{ending}"
        path.write_text("".join(line.format(start=s.start, end=s.end, duration=s.duration) for s in marks))
        yield path


def test_speech_marks_in_every_form(quick: Diarizer, dialogue: Samples, marks: list[Segment], tmp_path: Path) -> None:
    expected = quick((dialogue, RATE), speech=marks)
    assert np.allclose(spans(expected), [(1.0, 4.0), (5.0, 9.0)], atol=0.01)
    for path in mark_files(tmp_path, marks):
        assert quick((dialogue, RATE), speech=path) == expected
        assert quick((dialogue, RATE), speech=str(path)) == expected
    assert quick((dialogue, RATE), speech=iter(marks)) == expected


def test_speech_marks_that_cannot_be_used(quick: Diarizer, dialogue: Samples, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.lab"):
        quick((dialogue, RATE), speech=tmp_path / "none.lab")
    (path := tmp_path / "other.uem").write_text("somebody_else 1 0.000 5.000\n")
    with pytest.raises(FormatError, match="no speech marks for recording 'audio'"):
        quick((dialogue, RATE), speech=path)


def test_marks_without_speech_are_empty(quick: Diarizer, dialogue: Samples, tmp_path: Path) -> None:
    (path := tmp_path / "empty.rttm").write_text("")
    for speech in ([], path, [Segment(4000.0, 4001.0)]):
        with pytest.warns(DiarizeWarning, match="no speech is marked"):
            assert len(quick((dialogue, RATE), speech=speech)) == 0


def test_marks_beyond_the_end_stop_there(quick: Diarizer, dialogue: Samples) -> None:
    annotation = quick((dialogue, RATE), speech=[Segment(20.0, 99.0)])
    assert np.allclose(spans(annotation), [(20.0, 25.0)], atol=0.02)


def test_the_band_can_be_chosen(dialogue: Samples, diarizer: Diarizer) -> None:
    bands = diarizer.model.bands
    assert diarizer.analyse((dialogue, RATE)).band is bands["wide"]
    assert diarizer.analyse(SAMPLES / "call.flac").band is bands["narrow"]  # sampled at 8 kHz
    assert Diarizer(Config(band="wide")).analyse(SAMPLES / "call.flac").band is bands["wide"]
    narrow = Diarizer(Config(band="narrow"))
    assert narrow.analyse((dialogue, RATE)).band is bands["narrow"]
    assert narrow.analyse((dialogue, RATE)).recording.spectrum.n_mels == bands["narrow"].features.n_mels
    assert 1 <= len(narrow((dialogue, RATE)).labels) <= 3


def test_a_model_without_narrow_band(dialogue: Samples) -> None:
    wide_only = Model({"wide": builtin_model().bands["wide"]}, builtin_model().filters)
    assert len(Diarizer("fast", model=wide_only)((dialogue, RATE))) > 0
    with pytest.raises(ModelError, match="no narrow band"):
        Diarizer(Config(band="narrow"), model=wide_only)((dialogue, RATE))


def test_features_that_the_model_was_not_trained_with() -> None:
    with pytest.raises(ModelError, match=r"trained with.*leave \[features\] out"):
        Diarizer(Config(features=FeatureConfig(n_mfcc=12)))


def test_a_model_is_found_by_its_path(tmp_path: Path) -> None:
    builtin_model().save(tmp_path / "mine.npz")
    assert set(Diarizer(Config(model=str(tmp_path / "mine.npz"))).model.bands) == {"wide", "narrow"}
    with pytest.raises(ModelError, match=r"none\.npz: no such model file"):
        Diarizer(Config(model=str(tmp_path / "none.npz")))


def test_the_settings_of_the_calibration_reach_the_result(dialogue: Samples) -> None:
    settings = Diarizer("fast").config
    doubtful = replace(settings, output=OutputConfig(confidence_slope=0.0, confidence_offset=math.log(3.0)))
    annotation = Diarizer(doubtful)((dialogue, RATE))
    assert [turn.confidence for turn in annotation] == pytest.approx([0.75] * len(annotation))


def test_settings_of_the_output_reach_the_result(dialogue: Samples) -> None:
    settings = Diarizer("fast").config
    joined = Diarizer(replace(settings, output=OutputConfig(max_pause=5.0)))((dialogue, RATE))
    plain = Diarizer(settings)((dialogue, RATE))
    assert len(joined) < len(plain)
    assert joined.duration > plain.duration
    finer = replace(settings, speakers=SpeakerConfig(block=0.1))
    assert len(Diarizer(finer)((dialogue, RATE))) > 0


@pytest.mark.parametrize("uri", [5, b"call", Path("call")])
def test_an_id_that_is_no_text_is_refused_before_any_work(quick: Diarizer, uri: Any) -> None:
    with pytest.raises(ConfigError, match="uri must be the recording's id as text, got"):
        quick("absent.wav", uri=uri)


def test_marks_must_be_segments(quick: Diarizer, dialogue: Samples) -> None:
    with pytest.raises(ConfigError, match=r"Segment\(start, end\)"):
        quick((dialogue, RATE), speech=[(1.0, 2.0)])  # type: ignore[list-item]


def test_marks_beyond_the_audio_are_told_from_silence(quick: Diarizer, dialogue: Samples) -> None:
    with pytest.warns(DiarizeWarning, match="no speech is marked in it"):
        assert len(quick((dialogue, RATE), speech=[Segment(900.0, 901.0)])) == 0


@pytest.fixture(scope="module")
def interrupted(diarizer: Diarizer) -> tuple[Analysis, Detection, Segment]:
    """Return the dialogue with a number dialled in the middle, which is taken for speech, and where that is."""
    sound, _ = soundfile.read(DIALOGUE, dtype="float32")
    at, time = int(20.2 * RATE), np.arange(6 * RATE) / RATE
    keys = 0.1 * (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1336 * time)) * (time % 0.4 < 0.2)
    analysis = diarizer.analyse((np.concatenate([sound[:at], keys.astype(np.float32), sound[at:]]), RATE))
    detection, heard = diarizer.detect(analysis), Segment(20.2, 26.2)
    return analysis, replace(detection, speech=detection.speech | analysis.recording.frames.mask([heard])), heard


def seconds_in(annotation: Annotation, place: Segment) -> float:
    return seconds_of(annotation.crop(place).speech())


@pytest.mark.parametrize("limits", [UNLIMITED, Limits(2, 2)])
def test_what_is_no_voice_is_no_speaker(
    diarizer: Diarizer, interrupted: tuple[Analysis, Detection, Segment], limits: Limits
) -> None:
    analysis, detection, keys = interrupted
    result = diarizer.attribute(analysis, detection, limits)
    assert len(result.names) == 2
    assert seconds_in(result.annotation, keys) < 0.2
    assert seconds_of(result.annotation.speech()) > 40  # of 49 that are spoken
    assert not result.posterior[~result.detection.speech].any()


def test_what_is_no_voice_stays_where_the_marks_or_the_settings_say_so(
    diarizer: Diarizer, interrupted: tuple[Analysis, Detection, Segment]
) -> None:
    analysis, detection, keys = interrupted
    marked = diarizer.attribute(analysis, Detection(detection.speech)).annotation
    off = Diarizer(Config(voiceless=VoicelessConfig(enabled=False))).attribute(analysis, detection).annotation
    assert seconds_in(marked, keys) > 5
    assert seconds_in(off, keys) > 5
    assert len(marked.labels) == len(off.labels) == 3
