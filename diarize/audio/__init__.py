"""Read sound as a stream of float blocks, mono or of all channels: any format, rate and bit depth.

The only part that knows soundfile and soxr, PyAV and ffmpeg. Memory does not grow with the length of a recording.
"""

from diarize.audio.channels import ChannelStream
from diarize.audio.compressed import COMPRESSED_RATE, mp3_writer
from diarize.audio.excerpts import Excerpt
from diarize.audio.opening import (
    SUFFIXES,
    AudioInput,
    audio_uri,
    open_audio,
    open_channels,
    read_audio,
    rereadable,
)
from diarize.audio.readers import Samples
from diarize.audio.stream import AudioStream, resample

__all__ = [
    "COMPRESSED_RATE",
    "SUFFIXES",
    "AudioInput",
    "AudioStream",
    "ChannelStream",
    "Excerpt",
    "Samples",
    "audio_uri",
    "mp3_writer",
    "open_audio",
    "open_channels",
    "read_audio",
    "rereadable",
    "resample",
]
