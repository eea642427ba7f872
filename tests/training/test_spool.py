"""Features of copies on disk: all copies in all bands, of the frames that hold speech."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from diarize.config import FeatureConfig
from diarize.features import log_mel, narrowed
from diarize.training.augment import Augmenter
from diarize.training.material import Person
from diarize.training.spool import Spool, loud_frames

RATE = 16000


def write(path: Path, seconds: float = 0.5, level: float = 0.1, rate: int = RATE, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, level, int(seconds * rate))
    soundfile.write(path, samples, rate)
    return path


def test_loud_frames_are_within_thirty_five_decibels() -> None:
    level = np.repeat([0.0, -30.0, -40.0, -100.0], 100) * np.log(10) / 10
    spectrum = (level[:, None] + np.zeros(40)).astype(np.float32)
    np.testing.assert_array_equal(loud_frames(spectrum), np.arange(400) < 200)
    np.testing.assert_array_equal(loud_frames(spectrum - 5), np.arange(400) < 200)


def test_no_frames_are_not_loud() -> None:
    assert loud_frames(np.zeros((0, 40), np.float32)).shape == (0,)


BANDS = FeatureConfig(), narrowed(FeatureConfig(), 3900.0)


def read(spool: Spool, band: int) -> list[list[npt.NDArray[np.float32]]]:
    return [talker.copies for talker in spool.talkers(band)]


def test_the_spool_gives_back_every_copy_in_every_band(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BANDS, 2)
    for number in range(2):
        path = write(tmp_path / f"{number}.wav", 1.5 + number, seed=number)
        spool.add(Person(str(number), (path,)), Augmenter(RATE), np.random.default_rng(number))
    assert spool.count == 2
    for band in range(2):
        speakers = read(spool, band)
        assert [len(copies) for copies in speakers] == [3, 3]
        assert [len(copies[0]) for copies in speakers] == [148, 248]
        assert {x.shape for x in speakers[0]} == {(148, BANDS[band].n_mfcc)}
        for x in speakers[0]:
            np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-4)  # eq. (3)
        assert np.abs(speakers[0][0] - speakers[0][1]).max() > 0.1
    assert np.abs(read(spool, 0)[0][0][:, :4] - read(spool, 1)[0][0][:, :4]).max() > 0.1
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(read(spool, 0), read(spool, 0), strict=True))


def test_frames_of_silence_are_not_kept(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE)
    samples = np.concatenate([noise, np.zeros(3 * RATE)])
    soundfile.write(tmp_path / "half.wav", samples, RATE)
    spool = Spool(tmp_path, BANDS, 1)
    spool.add(Person("x", (tmp_path / "half.wav",)), Augmenter(RATE), np.random.default_rng(0))
    loud = loud_frames(log_mel([samples.astype(np.float32)], BANDS[0])).sum()
    assert [len(x) for x in read(spool, 0)[0]] == [loud, loud]  # where the clean copy is loud
    assert 195 <= loud <= 205


def test_a_speaker_with_too_little_speech_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BANDS, 1)
    spool.add(Person("x", (write(tmp_path / "short.wav", 0.9),)), Augmenter(RATE), np.random.default_rng(0))
    assert spool.count == 0
    assert read(spool, 0) == []


def test_sessions_are_apart(tmp_path: Path) -> None:
    """Each has copies of its own and is normalised by itself."""
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 1000 / RATE)
    for name, seed, gain in (("day__1.wav", 0, 0.0), ("day__2.wav", 1, 0.0), ("night__1.wav", 2, 1.0)):
        samples = np.random.default_rng(seed).normal(0, 0.1, RATE) + gain * tone
        soundfile.write(tmp_path / name, 0.3 * samples, RATE)
    spool = Spool(tmp_path, BANDS, 1)
    person = Person("x", tuple(sorted(tmp_path.glob("*.wav"))))
    spool.add(person, Augmenter(RATE), np.random.default_rng(0))
    for band in range(2):
        (talker,) = spool.talkers(band)
        assert talker.boundaries[0] == 0
        np.testing.assert_allclose(np.diff(talker.boundaries), [198, 98], atol=1)
        assert {len(x) for x in talker.copies} == {talker.boundaries[-1]}
        assert len(talker.copies) == 2
        for x in talker.copies:
            for start, end in pairwise(talker.boundaries):
                np.testing.assert_allclose(x[start:end].mean(axis=0), 0, atol=1e-4)


def test_short_sessions_count_together(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}__1.wav", 0.6, seed=index) for index, name in enumerate("abc")]
    spool = Spool(tmp_path, BANDS, 0)
    spool.add(Person("x", tuple(files)), Augmenter(RATE), np.random.default_rng(0))
    (talker,) = spool.talkers(0)
    assert len(talker.boundaries) == 4
