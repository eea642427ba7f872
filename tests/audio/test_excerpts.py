"""Parts of recordings, in samples and in the times of results."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import soundfile

from diarize.audio import Excerpt, audio_uri, open_audio, read_audio, rereadable
from diarize.config import FeatureConfig
from diarize.errors import AudioError, ConfigError, DiarizeWarning
from diarize.stages.recording import analyse

SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, 40000).astype(np.float32)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.5, None), (1.25, 1.5), (2.0, 99.0), (0.0, None)])
def test_samples_from_one_time_to_another(start: float, end: float | None) -> None:
    expected = SAMPLES[round(start * 16000) : None if end is None else round(end * 16000)]
    with open_audio(Excerpt((SAMPLES, 16000), start, end), 16000, block_seconds=0.1) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream)), expected)
        assert (stream.start, stream.duration) == (start, len(expected) / 16000)


@pytest.mark.parametrize(
    ("container", "settings"),
    [
        ("WAV", {"subtype": "PCM_16"}),
        ("FLAC", {}),
        ("MP3", {"bitrate_mode": "CONSTANT"}),
        ("MP3", {"bitrate_mode": "VARIABLE"}),
        ("OGG", {"subtype": "OPUS"}),
    ],
)
def test_an_excerpt_of_a_file_is_a_slice_of_the_whole(container: str, settings: dict[str, str]) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.tile(SAMPLES, 4), 16000, format=container, **settings)
    whole = read_audio(io.BytesIO(file.getvalue()), 16000)
    for start, end in ((0.0001, 0.5), (3.3337, 5.0), (9.5, None)):
        heard = read_audio(Excerpt(io.BytesIO(file.getvalue()), start, end), 16000)
        np.testing.assert_array_equal(heard, whole[round(start * 16000) : None if end is None else round(end * 16000)])


def test_damage_before_an_excerpt_moves_nothing() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.tile(SAMPLES, 4), 16000, format="FLAC")
    content = bytearray(file.getvalue())
    content[len(content) // 4 : len(content) // 4 + 3000] = np.random.default_rng(0).bytes(3000)
    with warnings.catch_warnings(action="ignore"):
        heard = read_audio(Excerpt(io.BytesIO(bytes(content)), 7.0, 8.0), 16000)
    np.testing.assert_allclose(heard, np.tile(SAMPLES, 4)[7 * 16000 : 8 * 16000], atol=4e-5)


def test_times_stay_those_of_the_recording() -> None:
    frames = analyse(Excerpt((SAMPLES, 16000), 0.5, 2.0), FeatureConfig()).frames
    assert (frames.edges[0], frames.edges[-1]) == (0.5, 2.0)


def test_a_start_behind_the_end() -> None:
    with pytest.raises(AudioError, match=r"audio array: ends at 2\.500 s, before the start of the excerpt at 2\.500 s"):
        read_audio(Excerpt((SAMPLES, 16000), 2.5), 16000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": -1.0}, "start of an excerpt is a time in seconds, at least 0, got -1"),
        ({"start": float("nan")}, "start of an excerpt"),
        ({"end": "12"}, "end of an excerpt"),
        ({"start": 2.0, "end": 2.0}, "must end after its start at 2 s, got 2 s"),
        ({"track": 0}, "tracks are counted from 1, got 0"),
    ],
)
def test_impossible_excerpts(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Excerpt("a.wav", **settings)


def test_it_stands_for_the_recording() -> None:
    file = io.BytesIO()
    soundfile.write(file, SAMPLES, 16000, format="WAV", subtype="FLOAT")
    assert audio_uri(Excerpt("calls/one.wav", 3.0)) == "one"
    with rereadable(Excerpt(io.BytesIO(file.getvalue()), 1.0)) as copy:
        for _ in range(2):
            np.testing.assert_array_equal(read_audio(copy, 16000), SAMPLES[16000:])
    with pytest.raises(AudioError, match="there is no track 2; it has one"):
        open_audio(Excerpt(io.BytesIO(file.getvalue()), track=2), 16000)
    with pytest.raises(AudioError, match="there is no track 2; it has one"):
        open_audio(Excerpt((SAMPLES, 16000), track=2), 16000)


def test_times_in_messages_are_those_of_the_whole_recording() -> None:
    samples = np.zeros(4 * 8000, np.float32)
    samples[3 * 8000] = np.nan
    with pytest.raises(AudioError, match=r"the sample at 3\.000 s is nan"):
        read_audio(Excerpt((samples, 8000), start=2.0), 8000)
    noise = np.random.default_rng(0).standard_normal(4 * 8000).astype(np.float32) / 10
    stereo = np.stack([noise, -noise], axis=1)
    with pytest.warns(DiarizeWarning, match=r"the channels cancel each other \(from 2\.000 s on\)"):
        read_audio(Excerpt((stereo, 8000), start=2.0), 8000)
