"""What is believed of speakers before a recording is heard: people who are known sound as they did elsewhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.stages.speakers import BlockStatistics, EigenvoiceModel, SpeakerPosterior

Floats = npt.NDArray[np.float64]


class Beliefs(NamedTuple):
    """Priors of the factors of several speakers, normal distributions by their natural parameters.

    Parameters
    ----------
    precision : array of shape (n_speakers, n_voices, n_voices)
    linear : array of shape (n_speakers, n_voices)
        The precision times the mean.
    """

    precision: Floats
    linear: Floats

    @classmethod
    def of(cls, known: BlockStatistics, n_strangers: int, voices: EigenvoiceModel, scale: float) -> Beliefs:
        """Return those of strangers, N(0, I), and after them of known people: their posteriors given what was heard.

        Parameters
        ----------
        known : BlockStatistics
            Sums over the speech of each person, a row each.
        n_strangers : int
        voices : EigenvoiceModel
        scale : float
            F_A, the weight of the audio.
        """
        heard, linear = voices.naturals(known, scale)
        nothing = np.zeros((n_strangers, *heard.shape[1:]))
        precision = np.eye(voices.n_voices) + np.concatenate([nothing, heard])
        return cls(precision, np.concatenate([nothing[:, 0], linear]))

    def some(self, chosen: npt.NDArray[Any]) -> Beliefs:
        """Return those of some of the speakers."""
        return Beliefs(self.precision[chosen], self.linear[chosen])

    def updated(
        self, statistics: BlockStatistics, shares: Floats, voices: EigenvoiceModel, scale: float, prior: float
    ) -> SpeakerPosterior:
        """Return what is known of the speakers after a recording, as `EigenvoiceModel.posterior` does for strangers.

        Parameters
        ----------
        statistics, shares, voices, scale, prior
            As there: the divergence is that from what was believed before.
        """
        heard, linear = voices.naturals(statistics.weighted(shares), scale / prior)
        precision = self.precision + heard
        covariances: Floats = np.linalg.inv(precision).astype(np.float64, copy=False)
        means = np.einsum("srq,sq->sr", covariances, self.linear + linear)
        moved = means - np.linalg.solve(self.precision, self.linear[:, :, None])[:, :, 0]
        spread = np.einsum("srq,sqr->s", self.precision, covariances) - voices.n_voices
        spread += np.einsum("sr,srq,sq->s", moved, self.precision, moved)
        growth = np.linalg.slogdet(precision)[1] - np.linalg.slogdet(self.precision)[1]
        return SpeakerPosterior(means, covariances, 0.5 * (spread + growth))
