"""Where two speak at once, among frames that are known to hold speech.

Two voices at a time sound unlike one, and no single speaker's model explains them well. Discriminant analysis brings
the cues down to a few directions, a Gaussian mixture for each class gives the log odds, and an HMM decides. The second
speaker is the nearest other one before or after; no new speaker is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import Config, SpeakerConfig
from diarize.errors import ModelError
from diarize.gmm import MixtureParameters, log_likelihood
from diarize.spooling import Rows
from diarize.stages.blocks import SpeechBlocks
from diarize.stages.detection import alternation
from diarize.stages.overlap_cues import CELL, cell_edges, overlap_cues
from diarize.stages.recording import Recording
from diarize.stages.rounds import Outcome
from diarize.stages.speakers import EigenvoiceModel

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class OverlapModel:
    """What one voice and what two at once look like.

    Parameters
    ----------
    centre : array of shape (n_columns,)
        What is subtracted from the columns of `overlap_cues`.
    projection : array of shape (n_columns, n_directions)
        The directions in which the classes differ.
    single, double : MixtureParameters
        Of the projected columns with one voice and with two.
    """

    centre: Features
    projection: Features
    single: MixtureParameters
    double: MixtureParameters

    def log_odds(self, frames: Rows, evidence: Floats, labels: Labels, step: float) -> Floats:
        """Return the log odds of two voices against one, if both are equally likely beforehand.

        Parameters
        ----------
        frames, evidence, labels, step
            As for `overlap_cues`.

        Returns
        -------
        array of shape (n_cells,), nats a frame
            They mean nothing where nobody speaks.

        Raises
        ------
        ModelError
            The model was trained on other columns.
        """
        odds = [np.zeros(0)]
        for columns in overlap_cues(frames, evidence, labels, step):
            if columns.shape[1] != len(self.centre):
                raise ModelError(
                    f"the overlap model was trained on {len(self.centre)} columns, the recording has "
                    f"{columns.shape[1]}; train the model again"
                )
            rows = (columns - self.centre) @ self.projection
            odds.append(log_likelihood(rows, self.double) - log_likelihood(rows, self.single))
        return np.concatenate(odds)

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        return {
            f"{prefix}centre": self.centre,
            f"{prefix}projection": self.projection,
            **self.single.arrays(f"{prefix}single_"),
            **self.double.arrays(f"{prefix}double_"),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> OverlapModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            An array is missing or the arrays do not fit together.
        """
        try:
            centre = np.asarray(arrays[f"{prefix}centre"], dtype=np.float32)
            projection = np.asarray(arrays[f"{prefix}projection"], dtype=np.float32)
            single, double = (
                MixtureParameters.from_arrays(arrays, f"{prefix}{name}_").astype(np.float32)
                for name in ("single", "double")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no overlap model under {prefix!r}: {error}; train it again") from error
        if centre.ndim != 1 or projection.shape != (len(centre), single.n_features):
            raise ModelError(f"centre {centre.shape} and projection {projection.shape} do not fit; train it again")
        if single.n_features != double.n_features:
            raise ModelError(f"the mixtures under {prefix!r} are of different directions; train it again")
        if not all(np.isfinite(array).all() for array in (centre, projection)):
            raise ModelError(f"the overlap model under {prefix!r} holds values that are no numbers; train it again")
        return cls(centre, projection, single, double)


def find_overlap(
    recording: Recording,
    blocks: SpeechBlocks,
    outcome: Outcome,
    model: OverlapModel,
    voices: EigenvoiceModel,
    config: Config,
) -> Floats:
    """Return how probable a second speaker is, (n_frames,), 0 where there is none.

    Parameters
    ----------
    recording : Recording
    blocks : SpeechBlocks
    outcome : Outcome
        With two speakers at least.
    model : OverlapModel
    voices : EigenvoiceModel
        The first of those that the statistics of the blocks are of.
    config : Config
    """
    settings, step = config.overlap, recording.features.frame_step
    evidence = compare_speakers(blocks, outcome, voices, config.speakers)
    labels = blocks.over_frames(outcome.labels, -1)
    odds = model.log_odds(recording.cues.frames, evidence, labels, step)
    odds = settings.acoustic_scale * CELL * (odds + settings.bias)
    odds[np.diff(cell_edges(blocks.speech)) == 0] = -np.inf
    least = max(1, round(settings.min_overlap / (step * CELL)))
    chain = hmm.MinimumDuration(alternation(1 - settings.stay**CELL), np.array([1, least]))
    likelihood = np.stack([np.zeros(len(odds)), odds], axis=1)
    cells = (hmm.viterbi(likelihood, chain)[0] == 1) * hmm.forward_backward(likelihood, chain).posterior[:, 1]
    return np.where(blocks.speech, np.repeat(cells, CELL)[: len(blocks.speech)], 0.0)


def compare_speakers(
    blocks: SpeechBlocks, outcome: Outcome, voices: EigenvoiceModel, settings: SpeakerConfig
) -> Floats:
    """Return the log-likelihood of all speakers in each cell, above that of the background model.

    Parameters
    ----------
    blocks, outcome, voices
        As for `find_overlap`.
    settings : SpeakerConfig

    Returns
    -------
    array of shape (n_cells, n_speakers), nats
    """
    speakers = voices.posterior(blocks.statistics[0], outcome.posterior, settings.acoustic_scale, settings.prior)
    return voices.evidence(blocks.cepstra, cell_edges(blocks.speech), speakers)
