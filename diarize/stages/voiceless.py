"""Which of the speakers that were found are no voice: tones, music, a cough, a door.

Speech detection lets some of these through for a while, and as they sound like nobody who speaks, they get a label of
their own. All that carries the label together shows what it is: a voice goes through all the sounds of a language, and
from one to the next many times in a second, and the mixture of all voices explains it evenly. A tone or an instrument
stays near a few sounds, and much of it is like no voice at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diarize.config import VoicelessConfig
from diarize.features import SLOPES, SpeechCues
from diarize.gmm import MixtureParameters, log_likelihood
from diarize.spooling import parts
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.speakers import BlockStatistics

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_STILL = 1e-3  # keeps the logarithm of the deviations from falling without limit


def is_voice(
    labels: Labels, blocks: SpeechBlocks, cues: SpeechCues, background: MixtureParameters, config: VoicelessConfig
) -> Mask:
    """Return for each speaker whether it is more likely a voice than not, shape (n_speakers,).

    Parameters
    ----------
    labels : array of int, shape (n_blocks,)
        The speaker of each block; every one from 0 on has one.
    blocks : SpeechBlocks
    cues : SpeechCues
        Of the whole recording.
    background : MixtureParameters
        Of the cepstra of all voices.
    config : VoicelessConfig
    """
    if not labels.any():
        return np.ones(1, np.bool_)  # nobody is there to compare with
    features = voice_cues(labels, blocks, cues, background)
    return np.asarray(features @ np.array(config.weights) + config.offset <= 0)


def voice_cues(labels: Labels, blocks: SpeechBlocks, cues: SpeechCues, background: MixtureParameters) -> Floats:
    """Return what the decision on each speaker is made of.

    Parameters
    ----------
    labels, blocks, cues, background
        As for `is_voice`.

    Returns
    -------
    array of shape (n_speakers, 3)
        In the order of the settings of `VoicelessConfig`, from `variety` on: the logarithm of how many components of
        the background mixture are visited, less the highest of all speakers; that of how much the slopes of level and
        cepstra vary; the standard deviation of the log-likelihood under the background mixture, nats.
    """
    entropies = variety(labels, blocks.statistics)
    frames, places = np.repeat(labels, blocks.lengths), np.flatnonzero(blocks.speech)
    sums, squares = np.zeros((2, len(entropies), SLOPES.stop - SLOPES.start + 1))
    for part in parts(len(cues.frames)):
        first, last = np.searchsorted(places, (part.start, part.stop))
        slopes = cues.frames[part][places[first:last] - part.start, SLOPES]
        likelihood = log_likelihood(blocks.cepstra[first:last], background)
        values = np.concatenate([slopes, likelihood[:, None]], axis=1, dtype=np.float64)
        np.add.at(sums, frames[first:last], values)
        np.add.at(squares, frames[first:last], values**2)
    counts = np.bincount(frames, minlength=len(entropies))[:, None]
    spread = np.sqrt(np.maximum(squares / counts - (sums / counts) ** 2, 0.0))
    movement = np.log(spread[:, :-1] + _STILL).mean(axis=1)
    return np.stack([entropies - entropies.max(), movement, spread[:, -1]], axis=1)


def variety(labels: Labels, statistics: Sequence[BlockStatistics]) -> Floats:
    """Return the entropy of each speaker's components of the background mixture, the mean over all models.

    Parameters
    ----------
    labels : array of int, shape (n_blocks,)
    statistics : sequence of BlockStatistics
        One at least.

    Returns
    -------
    array of shape (n_speakers,), nats
        The logarithm of so many components as would be as varied if all were visited alike.
    """
    n_speakers, entropies = int(labels.max()) + 1, []
    for one in statistics:
        counts = np.asarray(one.summed(labels, n_speakers).counts, np.float64)
        shares = counts / counts.sum(axis=1, keepdims=True)
        entropies.append(-(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1))
    return np.asarray(np.mean(entropies, axis=0))
