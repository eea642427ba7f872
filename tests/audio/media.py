"""Recordings and videos that PyAV makes, for tests."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import correlate

RATE = 16000


def clicks(seconds: float = 8.0, rate: int = RATE, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return noise whose loudness changes all the time, so that every place in it is like no other."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.uniform(0, 1, round(seconds * 20)), rate // 20)
    samples = np.convolve(rng.standard_normal(len(loud)), np.ones(8) / 8, "same")
    return (0.3 * loud * samples).astype(np.float32)


def lag(heard: npt.NDArray[np.float32], written: npt.NDArray[np.float32], at: float, rate: int = RATE) -> float:
    """Return by how many seconds a second of what was written comes too late, looked for 0.25 s around its place."""
    first, reach = round(at * rate), rate // 4
    low = max(first - reach, 0)
    found = correlate(heard[low : first + rate + reach], written[first : first + rate], "valid", "fft")
    return (low + int(np.argmax(found)) - first) / rate


def media(
    container: str,
    codec: str,
    *tracks: npt.NDArray[np.float32],
    rate: int = RATE,
    late: float = 0.0,
    gap: tuple[float, float] | None = None,
    video: bool = False,
    names: tuple[str, ...] = (),
) -> bytes:
    """Return a file of mono tracks; `late` seconds after a video, with (time, length) left out and not filled."""
    av = pytest.importorskip("av", reason="PyAV is not installed")
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        pictures = output.add_stream("mpeg4", rate=10) if video else None
        streams = [output.add_stream(codec, rate=rate, layout="mono") for _ in tracks]
        for stream in streams:
            stream.bit_rate = 64000
        for stream, name in zip(streams, names, strict=False):
            stream.metadata["title"] = name
        if pictures is not None:
            pictures.width, pictures.height = 32, 32
            for number in range(20):
                picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 10)
                output.mux(pictures.encode(picture))
            output.mux(pictures.encode(None))
        for stream, samples in zip(streams, tracks, strict=True):
            for packet in _packets(av, stream, samples, rate):
                _shift(packet, late, gap)
                output.mux(packet)
    return file.getvalue()


def _packets(av: Any, stream: Any, samples: npt.NDArray[np.float32], rate: int) -> Any:
    form = stream.codec_context.format.name
    resampler = av.AudioResampler(form, "mono", rate, stream.codec_context.frame_size or 1024)
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="flt", layout="mono")
    frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        yield from stream.encode(part)
    yield from stream.encode(None)


def _shift(packet: Any, late: float, gap: tuple[float, float] | None) -> None:
    seconds = late
    if gap and packet.pts * packet.time_base >= gap[0]:
        seconds += gap[1]
    ticks = round(seconds / packet.time_base)
    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
