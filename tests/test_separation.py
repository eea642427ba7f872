"""Files for each speaker: what adds up, what is exact, what is better than before; and the parts of it."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.annotation import Annotation, Segment, Turn
from diarize.errors import AudioError, ConfigError, DiarizeWarning, FormatError
from diarize.separation import separate
from diarize.separation.recipe import chunks
from diarize.separation.schedule import Stretch, envelope, stretches
from diarize.separation.transform import to_samples, to_spectra, window
from diarize.separation.voices import chosen_alone, cut

RATE = 8000
SPEECH = Path(__file__).resolve().parents[1].parent / "shared" / "speech"
Samples = npt.NDArray[np.float64]


def voice(pitch: float, seconds: float, seed: int) -> Samples:
    """Return a buzz of moving pitch with pauses, at RMS 0.1."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    course = pitch * np.exp(0.1 * np.sin(2 * np.pi * rng.uniform(0.5, 0.9) * t + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(course) / RATE
    sound = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, int(3500 / pitch / 1.2)))
    sound = sound * (1 + np.sin(2 * np.pi * 1.5 * t + rng.uniform(0, 6)))
    return 0.1 * sound / np.sqrt(np.mean(sound**2))


def gain(estimate: Samples, truth: Samples, mixture: Samples) -> float:
    """Return the improvement of the scale-invariant signal-to-distortion ratio in dB."""

    def ratio(sound: Samples) -> float:
        target = (sound @ truth) / (truth @ truth) * truth
        return float(10 * np.log10((target @ target) / ((sound - target) @ (sound - target))))

    return ratio(estimate) - ratio(mixture)


TURNS = [Turn(0, 12, "anna"), Turn(12.5, 24, "ben"), Turn(24, 31.5, "anna"), Turn(28.5, 36, "ben")]
TALK = Annotation(TURNS, "talk")


BRIEF = Annotation([Turn(0, 3, "anna"), Turn(3, 6, "ben"), Turn(6, 8, "anna"), Turn(6.5, 8.5, "ben")], "talk")


@pytest.fixture(scope="module")
def brief() -> Samples:
    """Return nine seconds in which two buzzes take turns, and then sound at once."""
    return voice(120.0, 9.0, 4) + voice(190.0, 9.0, 3)


@pytest.fixture(scope="module")
def talk() -> dict[str, Samples]:
    """Return each speaker's own sound: anna alone, ben alone, then both, over a chunk's edge at 30 s."""
    sounds = {}
    for name, pitch in (("anna", 120.0), ("ben", 190.0)):
        sound = voice(pitch, 37.0, seed=len(name))
        t = np.arange(len(sound)) / RATE
        heard = sum(((t >= turn.start) & (t < turn.end)).astype(float) for turn in TURNS if turn.speaker == name)
        sounds[name] = sound * heard
    return sounds


def written(files: dict[str, Path]) -> dict[str, Samples]:
    return {name: soundfile.read(path)[0] for name, path in files.items()}


def test_two_speakers(talk: dict[str, Samples], tmp_path: Path) -> None:
    mixture = sum(talk.values())
    reports: list[tuple[str, float]] = []
    files = separate((mixture, RATE), TALK, tmp_path / "new", progress=lambda *each: reports.append(each))
    assert {name: path.name for name, path in files.items()} == {"anna": "talk-anna.wav", "ben": "talk-ben.wav"}
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["talk-anna.wav", "talk-ben.wav"]
    sounds = written(files)
    t = np.arange(len(mixture)) / RATE
    assert all(len(sound) == len(mixture) for sound in sounds.values())

    inside = (t < 11.99) | ((t > 12.51) & (t < 35.99))
    np.testing.assert_allclose(sum(sounds.values())[inside], mixture[inside], atol=1e-6)  # 24 bits
    alone = {
        "anna": (t < 11.99) | ((t > 24.01) & (t < 28.49)),
        "ben": (t > 12.51) & (t < 23.99) | (t > 31.51) & (t < 35.99),
    }
    for name, other in (("anna", "ben"), ("ben", "anna")):
        np.testing.assert_allclose(sounds[name][alone[name]], mixture[alone[name]], atol=2e-7)
        assert not sounds[name][alone[other]].any()
        assert not sounds[name][t > 36.01].any()
        both = (t > 28.5) & (t < 31.5)
        assert gain(sounds[name][both], talk[name][both], mixture[both]) > 8
    assert reports[-1] == ("separation", 1.0)
    assert all(0 <= done <= 1 for _, done in reports)


def test_where_a_chunk_ends_is_not_heard(brief: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = written(separate((brief, RATE), BRIEF, tmp_path))
    monkeypatch.setattr("diarize.separation.recipe.CHUNK", 91)  # 1.456 s: one ends at 7.28 s, where both speak
    other = written(separate((brief, RATE), BRIEF, tmp_path))
    for name in one:
        np.testing.assert_allclose(other[name], one[name], atol=1e-5)


@pytest.mark.slow
def test_three_at_once_flac_and_a_file_that_is_read(tmp_path: Path) -> None:
    names = ["a b", "a/b", "ä"]
    turns = [Turn(5 * i, 5 * i + 5, name) for i, name in enumerate(names)] + [Turn(15, 16, name) for name in names]
    mixture = np.zeros(16 * RATE)
    for place, (name, pitch) in enumerate(zip(names, (100.0, 160.0, 230.0), strict=True)):
        own = voice(pitch, 16.0, place)
        for turn in turns:
            if turn.speaker == name:
                part = slice(round(turn.start * RATE), round(turn.end * RATE))
                mixture[part] += own[part]
    soundfile.write(tmp_path / "in.wav", np.stack([mixture, mixture / 2], axis=1), RATE, subtype="FLOAT")
    files = separate(tmp_path / "in.wav", Annotation(turns, "in"), tmp_path, channel=1, container="flac")
    assert [path.name for path in files.values()] == ["in-a_b.flac", "in-a_b-2.flac", "in-ä.flac"]
    sounds = written(files)
    np.testing.assert_allclose(sum(sounds.values())[:-50], np.clip(mixture, -1, 1)[:-50], atol=1e-5)


def test_a_speaker_who_is_never_alone(brief: Samples, tmp_path: Path) -> None:
    turns = Annotation([Turn(0, 3, "anna"), Turn(3, 6, "ben"), Turn(6.5, 8, "anna"), Turn(6.5, 8, "cleo")], "talk")
    with pytest.warns(DiarizeWarning, match="cleo never speaks alone for long enough; the others' voices serve"):
        sounds = written(separate((brief, RATE), turns, tmp_path))
    part = slice(7 * RATE, int(7.9 * RATE))
    np.testing.assert_allclose(sounds["anna"][part] + sounds["cleo"][part], brief[part], atol=1e-6)


def test_nobody_is_ever_alone(tmp_path: Path) -> None:
    sound = voice(100.0, 3.0, 0)
    turns = Annotation([Turn(0, 3, "anna"), Turn(0, 3, "ben")], "talk")
    with pytest.warns(DiarizeWarning, match="nothing tells the voices apart"):
        sounds = written(separate((sound, RATE), turns, tmp_path))
    for each in sounds.values():
        np.testing.assert_allclose(each[:-50], sound[:-50] / 2, atol=1e-6)


def test_a_file_object_is_read_as_often_as_needed(brief: Samples, tmp_path: Path) -> None:
    soundfile.write(memory := io.BytesIO(), brief, RATE, format="WAV", subtype="DOUBLE")
    memory.seek(0)
    one = written(separate(memory, BRIEF, tmp_path / "object"))
    other = written(separate((brief, RATE), BRIEF, tmp_path / "array"))
    for name in other:
        np.testing.assert_array_equal(one[name], other[name])


def test_channels_of_opposite_sign_are_heard(tmp_path: Path) -> None:
    sound = voice(100.0, 2.0, 0)
    turns = Annotation([Turn(0, 2, "anna")], "talk")
    with pytest.warns(DiarizeWarning, match="the channels cancel each other"):
        sounds = written(separate((np.stack([sound, -sound], axis=1), RATE), turns, tmp_path))
    np.testing.assert_allclose(np.abs(sounds["anna"][:-50]), np.abs(sound[:-50]), atol=1e-6)


def test_no_overlap_and_silence(tmp_path: Path) -> None:
    turns = Annotation([Turn(0, 1, "anna"), Turn(2, 9, "ben")], "talk")  # longer than the recording
    sounds = written(separate((np.zeros(3 * RATE, np.int16), RATE), turns, tmp_path))
    assert [len(each) for each in sounds.values()] == [3 * RATE] * 2
    both = Annotation([Turn(0, 3, "anna"), Turn(1, 2, "ben"), Turn(3, 5, "ben")], "talk")
    sounds = written(separate((np.zeros(6 * RATE), RATE), both, tmp_path))
    assert not any(each.any() for each in sounds.values())


def test_nobody_speaks(tmp_path: Path) -> None:
    with pytest.warns(DiarizeWarning, match="nobody speaks"):
        assert separate((np.zeros(RATE), RATE), Annotation((), "talk"), tmp_path) == {}
    assert not list(tmp_path.iterdir())


def test_errors_leave_nothing(tmp_path: Path) -> None:
    turns = Annotation([Turn(0, 1, "anna")], "talk")
    with pytest.raises(AudioError, match="cannot be opened"):
        separate(tmp_path / "none.wav", turns, tmp_path)
    broken = np.zeros(50 * RATE)
    broken[-1] = np.nan
    with pytest.raises(AudioError, match="must be finite"):
        separate((broken, RATE), turns, tmp_path)
    with pytest.raises(ConfigError, match="container must be wav or flac"):
        separate((broken, RATE), turns, tmp_path, container="mp3")
    with pytest.raises(AudioError, match="is empty"):
        separate(io.BytesIO(b""), turns, tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    both = Annotation([Turn(0, 2, "anna"), Turn(1, 4, "ben")], "talk")
    with pytest.raises(FormatError, match="cannot create the output folder"):  # not that of voices to learn
        separate((broken, RATE), both, tmp_path / "file" / "folder")
    (tmp_path / "talk-anna.wav").mkdir()
    with pytest.raises(FormatError, match=r"talk-anna\.wav"):
        separate((np.zeros(RATE), RATE), turns, tmp_path)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    seconds = 900
    sound = np.zeros(seconds * RATE, dtype=np.int8)
    turns = Annotation([Turn(0, seconds / 2, "anna"), Turn(seconds / 2, seconds, "ben")], "talk")
    separate((sound[:RATE], RATE), turns.crop(Segment(0, 1)), tmp_path)
    tracemalloc.start()
    separate((sound, RATE), turns, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.7 * 4 * seconds * RATE  # of the recording in float32


def test_turns_behind_the_end_are_told_of(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(scale=0.1, size=8 * RATE).astype(np.float32)
    turns = Annotation([Turn(0, 7, "anna"), Turn(9, 10, "anna"), Turn(9, 11, "ben")], "talk")
    with pytest.warns(DiarizeWarning) as caught:
        separate((sound, RATE), turns, tmp_path)
    message = "talk: 2 turns begin after its end at 8.000 s; nothing is heard in the files of ben"
    assert message in [str(warning.message) for warning in caught]


# -- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hop", [2, 16, 256])
def test_spectra_and_back(hop: int) -> None:
    x = np.random.default_rng(0).normal(size=20 * hop).astype(np.float32)
    spectra = to_spectra(x, hop)
    assert spectra.shape == (17, 2 * hop + 1)
    np.testing.assert_allclose(spectra[3], np.fft.rfft(x[3 * hop : 7 * hop] * window(4 * hop)), atol=1e-3)
    np.testing.assert_allclose(to_samples(spectra, hop)[3 * hop : -3 * hop], x[3 * hop : -3 * hop], atol=1e-5)


@pytest.mark.parametrize("length", [12, 17])
def test_lengths_that_are_no_frames(length: int) -> None:
    with pytest.raises(ValueError, match="multiple of 4, 4 at least"):
        to_spectra(np.zeros(length, np.float32), 4)


def test_stretches_and_envelopes_against_counting() -> None:
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 900, 12) / 10
    turns = Annotation(
        [Turn(s, s + d / 10, n) for s, d, n in zip(starts, rng.integers(5, 99, 12), "abcabcabcabc", strict=True)]
    )
    plan = stretches(turns, 10)
    for sample in range(1000):
        here = [each.speakers for each in plan if each.start <= sample < each.end]
        talking = tuple(
            sorted({turn.speaker for turn in turns if round(turn.start * 10) <= sample < round(turn.end * 10)})
        )
        assert here == ([talking] if talking else [])
    for before, after in itertools.pairwise(plan):
        if before.end == after.start:
            middle = (before.end - 2, before.end + 2)
            np.testing.assert_allclose(envelope(before, *middle, 1) + envelope(after, *middle, 1), 1)


def test_the_longest_stretches_alone_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diarize.separation.voices.MOST_SECONDS", 5.0)
    plan = [Stretch(0, 2, ("a",)), Stretch(5, 9, ("a",)), Stretch(9, 12, ("b",)), Stretch(12, 14, ("a", "b"))]
    assert chosen_alone(plan, 1) == [Stretch(0, 1, ("a",)), Stretch(5, 9, ("a",)), Stretch(9, 12, ("b",))]
    assert chosen_alone(plan[:3], 1) == []


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_cuts_and_chunks_from_blocks_of_any_size(size: int) -> None:
    x = np.arange(1, 21, dtype=np.float32)
    blocks = [x[i : i + size] for i in range(0, 20, size)]
    wanted = [Stretch(0, 2, ("a",)), Stretch(6, 13, ("a",)), Stretch(18, 25, ("a",))]
    assert [piece.tolist() for piece in cut(blocks, wanted)] == [x[:2].tolist(), x[6:13].tolist(), x[18:].tolist()]
    padded = np.concatenate([np.zeros(2), x, np.zeros(20)])
    pieces = list(chunks(blocks, 6, 2))
    assert [(start, length) for start, length, _ in pieces] == [(0, 6), (6, 6), (12, 6), (18, 2)]
    for start, _, samples in pieces:
        assert samples.tolist() == padded[start : start + 10].tolist()


@pytest.mark.skipif(not SPEECH.is_dir(), reason="needs real speech, in ../shared/speech")
def test_real_voices_come_apart(tmp_path: Path) -> None:
    """A man and a woman of VCTK, 20 s each alone, then 4 s at once."""
    rate, sounds = 16000, {}
    for name in ("VCTK_P226", "VCTK_P228"):
        speech = np.concatenate([soundfile.read(path)[0] for path in sorted((SPEECH / name).iterdir())])
        sounds[name] = 0.05 * speech / np.sqrt(np.mean(speech**2))
    one, other = sounds.values()
    both = [each[24 * rate : 28 * rate] for each in (one, other)]
    recording = np.concatenate([one[: 20 * rate], other[: 20 * rate], sum(both)])
    turns = [Turn(0, 20, "a"), Turn(20, 40, "b"), Turn(40, 44, "a"), Turn(40, 44, "b")]
    separated = written(separate((recording, rate), Annotation(turns, "x"), tmp_path))
    gains = [gain(separated[name][40 * rate :], truth, sum(both)) for name, truth in zip("ab", both, strict=True)]
    assert np.mean(gains) > 5
