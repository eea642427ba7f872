"""How far up the sound of a recording reaches, and settings that leave out what lies above."""

from __future__ import annotations

import numpy as np

from diarize.config import FeatureConfig
from diarize.errors import ConfigError
from diarize.features.filters import FilterBank, mel_edges
from diarize.spooling import Rows

_NO_CONTENT = np.log(10**4.0)  # 40 dB


def effective_band(log_mel: Rows, config: FeatureConfig, filters: FilterBank | None = None) -> float:
    """Return the frequency (Hz) up to which a recording has content: about 4000 for telephone sound at 16 kHz.

    The level of a band is that of its loudest frames, so that fricatives count although they are rare. A band has
    content when its level is at most 40 dB under that between 800 and 2500 Hz: nearly all speech recorded at 16 kHz
    stays within 35 dB, sound that was sampled at 8 kHz is 65 dB down above 4 kHz. Only three bands in a row without
    content end it, so that neither a notch nor a whistle counts; the end is then put where the level falls by 20 dB.

    Parameters
    ----------
    log_mel : rows of shape (n_frames, n_mels)
        From `diarize.features.log_mel`.
    config : FeatureConfig
        The settings it was made with.
    filters : FilterBank, optional
        That of these settings; it saves an import of librosa.

    Returns
    -------
    float
        `config.f_max` when the content reaches the top, and for silence.
    """
    if not len(log_mel):
        return config.f_max
    centres = (filters.edges if filters else mel_edges(config))[1:-1]
    levels = np.percentile(log_mel[:: len(log_mel) // 20000 + 1], 98, axis=0)
    middle = (centres > 800) & (centres < 2500)
    middle[0] |= not middle.any()
    depth = np.median(levels[middle]) - levels
    missing = np.append(depth > _NO_CONTENT, [True, True])
    missing[: int(np.flatnonzero(middle)[-1]) + 1] = False
    ends = np.flatnonzero(missing[:-2] & missing[1:-1] & missing[2:])
    if not len(ends):
        return config.f_max
    return float(centres[: ends[0]][depth[: ends[0]] <= _NO_CONTENT / 2][-1])


def narrowed(config: FeatureConfig, f_max: float) -> FeatureConfig:
    """Return the settings that give only the bands below `f_max` (Hz): the first columns of the same spectrum.

    Raises
    ------
    ConfigError
        No more than `n_mfcc` bands are left.
    """
    edges = mel_edges(config)
    n_mels = int(np.count_nonzero(edges <= f_max)) - 2
    if n_mels <= config.n_mfcc:
        raise ConfigError(
            f"{max(n_mels, 0)} of the {config.n_mels} mel bands lie below {f_max:g} Hz, too few for 'features.n_mfcc' "
            f"{config.n_mfcc}; raise 'features.n_mels'"
        )
    # as many cepstra as resolve the spectrum as finely: more would follow the harmonics, and split speakers
    n_mfcc = max(4, round(config.n_mfcc * n_mels / config.n_mels))
    return config.with_(n_mels=n_mels, n_mfcc=n_mfcc, f_max=float(edges[n_mels + 1]))
