"""How much an encoder puts in front of the sound, for files that do not say it."""

from __future__ import annotations

_SAMPLES = {  # by codec, in samples
    "mp3": 1105,  # of LAME, 576, and of any decoder, 529
    "mp2": 481,  # of the filters on both sides
    "mp1": 481,
    "ac3": 256,
    "eac3": 256,
    "dts": 512,
}
_FRAMES = {"aac", "aac_latm"}  # a frame: other encoders than the usual one need more, and none says so

_SILENT_PACKETS = {"vorbis": 1}  # each frame of sound needs two packets


def silent_packets(codec: str) -> int:
    """Return how many packets at the start of a stream give no sound and take no time."""
    return _SILENT_PACKETS.get(codec, 0)


def usual_delay(codec: str, sample_rate: int, frame_size: int, writer: str = "") -> int:
    """Return how many samples the sound comes too late, as a decoder gives it; 0 for what has no delay or says it.

    Parameters
    ----------
    codec : str
        As FFmpeg names it.
    sample_rate : int
        Hz.
    frame_size : int
        Samples in a frame.
    writer : str
        The program that wrote the file, as the file names it.

    Examples
    --------
    >>> usual_delay("mp3", 44100, 1152), usual_delay("aac", 48000, 2048), usual_delay("flac", 44100, 4096)
    (1105, 2048, 0)
    """
    if codec in ("wmav1", "wmav2"):  # FFmpeg's decoder counts two frames, its encoder one
        return _wma_frame(codec, sample_rate) * (1 if writer.startswith("Lavf") else 2)
    return frame_size if codec in _FRAMES else _SAMPLES.get(codec, 0)


def _wma_frame(codec: str, sample_rate: int) -> int:
    if sample_rate <= 16000:
        return 512
    return 1024 if sample_rate <= (22050 if codec == "wmav2" else 32000) else 2048
