"""A recording after its analysis: spectrum and time grid, for the pipeline as for training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from diarize.audio import AudioInput, open_audio
from diarize.config import FeatureConfig
from diarize.features import FilterBank, Spectrum, SpeechCues, grid, mel_spectrum, speech_cues
from diarize.grid import FrameGrid


@dataclass(frozen=True, eq=False)
class Recording:
    """The spectrum of a recording, which no setting of detection, speakers or output changes; no samples are kept.

    Parameters
    ----------
    features : FeatureConfig
        How the sound was analysed.
    spectrum : Spectrum
    frames : FrameGrid
    """

    features: FeatureConfig
    spectrum: Spectrum
    frames: FrameGrid

    @cached_property
    def cues(self) -> SpeechCues:
        """What the speech detector sees; the overlap model sees it as well."""
        return speech_cues(self.spectrum)

    def within(self, features: FeatureConfig) -> Recording:
        """Return the recording in a narrower band, whose filter bank is the first part of this one."""
        return Recording(features, self.spectrum.lowest(features.n_mels), self.frames)


def analyse(
    audio: AudioInput, features: FeatureConfig, channel: int | None = None, filters: FilterBank | None = None
) -> Recording:
    """Read a recording once and keep its spectrum.

    Parameters
    ----------
    audio : path, binary file, (array, sample_rate) or Excerpt
        Arrays are (n_samples,) or (n_samples, n_channels).
    features : FeatureConfig
        Frames and filter bank.
    channel : int, optional
        Use one channel, counted from 1, instead of the mean of all.
    filters : FilterBank, optional
        Designed from `features` if not given.

    Raises
    ------
    AudioError
        The audio cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> recording = analyse((np.zeros(16000), 16000), FeatureConfig())
    >>> recording.spectrum.log_mel.shape, recording.frames.duration
    ((98, 40), 1.0)
    """
    with open_audio(audio, features.sample_rate, channel) as stream:
        spectrum = mel_spectrum(stream, features, filters)
        return Recording(features, spectrum, grid(len(spectrum), features, stream.duration, stream.start))
