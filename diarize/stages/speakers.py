"""Speakers as mixtures: the background model moved by eigenvoices, each speaker's place found by variational Bayes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from diarize.errors import ModelError
from diarize.gmm import MixtureParameters, segment_statistics
from diarize.rounding import packed, rounded, unpacked
from diarize.spooling import Rows, parts, spooled
from diarize.stages.sessions import SessionModel

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.integer[Any]]

_EMBEDDING_SCALE = 0.2  # weight of the audio in i-vectors of short pieces
_BLOCKS_AT_ONCE = 500  # first-order statistics held at a time, each (n_components, n_features)
_BITS = 14  # of what is kept of statistics: errors of a log-likelihood, eq. (16), are some ten-thousandths of a nat


@dataclass(frozen=True, slots=True, eq=False)
class BlockStatistics:
    """What the inference needs to know of the audio, block by block.

    Parameters
    ----------
    counts : rows of shape (n_blocks, n_components), float32
        Summed responsibilities of the background mixture, eq. (6).
    projected : rows of shape (n_blocks, n_voices), float32
        First-order statistics seen through the eigenvoices: rho in eq. (16), summed over the frames of a block.
    """

    counts: Rows
    projected: Rows

    def __len__(self) -> int:
        return len(self.counts)

    @classmethod
    def stacked(cls, several: Sequence[BlockStatistics]) -> BlockStatistics:
        """Return the rows of all, one after the other; of one at least."""
        counts, projected = (
            np.concatenate([np.asarray(getattr(one, name)) for one in several]) for name in ("counts", "projected")
        )
        return cls(counts, projected)

    def held(self) -> BlockStatistics:
        """Return the same in memory."""
        return BlockStatistics(np.asarray(self.counts), np.asarray(self.projected))

    def rounded(self) -> BlockStatistics:
        """Return the same in memory, to as many digits as `arrays` keeps."""
        return BlockStatistics(*(rounded(np.asarray(rows), _BITS) for rows in (self.counts, self.projected)))

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield plain arrays with their names."""
        yield from packed(self.counts, _BITS, f"{prefix}counts")
        yield from packed(self.projected, _BITS, f"{prefix}projected")

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Any], n_blocks: int, voices: EigenvoiceModel, prefix: str = ""
    ) -> BlockStatistics:
        """Build statistics from what `arrays` gave, rounded.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or the arrays do not fit together or to the model.
        """
        n_components, n_voices = voices.background.n_components, voices.n_voices
        counts = spooled(map(_not_negative, unpacked(arrays, f"{prefix}counts", n_blocks, n_components)), n_components)
        return cls(counts, spooled(unpacked(arrays, f"{prefix}projected", n_blocks, n_voices), n_voices))

    def summed(self, groups: Indices, n_groups: int) -> BlockStatistics:
        """Return the sums over blocks of the same group."""
        rows = np.arange(len(groups))
        members = csr_array((np.ones(len(groups), np.float32), (groups, rows)), (n_groups, len(groups)))
        return BlockStatistics(members @ np.asarray(self.counts), members @ np.asarray(self.projected))

    def weighted(self, shares: Floats) -> BlockStatistics:
        """Return the sums over blocks for each speaker, a block counted by its share, (n_blocks, n_speakers)."""
        weights = shares.T.astype(np.float32)
        return BlockStatistics(weights @ np.asarray(self.counts), weights @ np.asarray(self.projected))


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerPosterior:
    """Where the speakers are in the eigenvoice space, and how surely.

    Parameters
    ----------
    means : array of shape (n_speakers, n_voices)
        Posterior means of the speaker factors.
    covariances : array of shape (n_speakers, n_voices, n_voices)
        Their posterior covariances.
    divergences : array of shape (n_speakers,)
        Kullback-Leibler divergence of each from the prior, nats.
    """

    means: Floats
    covariances: Floats
    divergences: Floats

    @property
    def divergence(self) -> float:
        """Of all speakers together, nats."""
        return float(self.divergences.sum())


@dataclass(frozen=True, eq=False)
class EigenvoiceModel:
    """A background mixture, the directions in which voices differ from it, and how to compare short pieces.

    Parameters
    ----------
    background : MixtureParameters
        Diagonal mixture of the features of all voices.
    voices : array of shape (n_components, n_features, n_voices), float32
        Eigenvoices in units of the background's standard deviations: V of eq. (9) over sigma.
    centre : array of shape (n_voices,)
        Mean of the i-vectors of short pieces.
    projection : array of shape (n_voices, n_dimensions)
        Linear discriminant analysis of those i-vectors, the direction that tells voices apart best comes first.
    sessions : SessionModel, optional
        How much the factors of one speaker differ between sessions; None where training showed none.
    """

    background: MixtureParameters
    voices: Features
    centre: Floats
    projection: Floats
    sessions: SessionModel | None = None

    @property
    def n_voices(self) -> int:
        """Dimensions of the eigenvoice space."""
        return int(self.voices.shape[2])

    @cached_property
    def precisions(self) -> Floats:
        """What a frame of each component adds to L, (n_components, n_voices * n_voices); see `voice_precisions`."""
        return voice_precisions(self.voices.astype(np.float64))

    @cached_property
    def slopes(self) -> tuple[Features, Features]:
        """What first- and zeroth-order statistics are multiplied by to be centred, whitened and projected at once.

        (n_components * n_features, n_voices) and (n_components, n_voices)
        """
        first = self.voices / np.sqrt(self.background.covariances)[:, :, None]
        zeroth = np.einsum("kd,kdr->kr", self.background.means, first)
        return first.reshape(-1, self.n_voices).astype(np.float32), zeroth.astype(np.float32)

    def statistics(self, x: Rows, boundaries: Indices) -> BlockStatistics:
        """Sum up consecutive blocks of frames.

        Parameters
        ----------
        x : rows of shape (n_frames, n_features), float32
            Normalised features of the speech.
        boundaries : array of int, shape (n_blocks + 1,)
            Block b is x[boundaries[b]:boundaries[b + 1]].
        """
        slopes, projected = self.slopes, []

        def counted() -> Iterator[Features]:
            for part in parts(len(boundaries) - 1, _BLOCKS_AT_ONCE):
                zeroth, first = self._sums(x, boundaries[part.start : part.stop + 1])
                projected.append(first @ slopes[0] - zeroth @ slopes[1])
                yield zeroth

        counts = spooled(counted(), self.background.n_components)
        return BlockStatistics(counts, spooled(projected, self.n_voices))

    def _sums(self, x: Rows, boundaries: Indices) -> tuple[Features, Features]:
        """Return eq. (6) of consecutive blocks, (n_blocks, n_components) and (n_blocks, n_components * n_features)."""
        rows = x[int(boundaries[0]) : int(boundaries[-1])]
        zeroth, first = segment_statistics(rows, self.background, boundaries - boundaries[0])
        return zeroth, first.reshape(len(first), -1)

    def posterior(self, statistics: BlockStatistics, shares: Floats, scale: float, prior: float) -> SpeakerPosterior:
        """Find the speakers that the shares suggest, eq. (15).

        Parameters
        ----------
        statistics : BlockStatistics
        shares : array of shape (n_blocks, n_speakers)
            How much of each block belongs to each speaker.
        scale, prior : float
            F_A, the weight of the audio, and F_B, that of the prior.
        """
        precision, linear = self._natural(statistics, shares, scale / prior)
        covariances: Floats = np.linalg.inv(precision).astype(np.float64, copy=False)
        means = np.einsum("srq,sq->sr", covariances, linear)
        spread = np.trace(covariances, axis1=1, axis2=2) + (means**2).sum(axis=1) - self.n_voices
        return SpeakerPosterior(means, covariances, 0.5 * (np.linalg.slogdet(precision)[1] + spread))

    def _natural(self, statistics: BlockStatistics, shares: Floats, ratio: float) -> tuple[Floats, Floats]:
        """Return L and L y of eq. (15), (n_speakers, n_voices, n_voices) and (n_speakers, n_voices)."""
        precision, linear = self.naturals(statistics.weighted(shares), ratio)
        return np.eye(self.n_voices) + precision, linear

    def naturals(self, statistics: BlockStatistics, scale: float) -> tuple[Floats, Floats]:
        """Return what each row of statistics says of the factors: L and l of the likelihood exp(l'w - w'Lw / 2).

        Parameters
        ----------
        statistics : BlockStatistics
        scale : float
            F_A, the weight of the audio.

        Returns
        -------
        precision, linear : array of shape (n_rows, n_voices, n_voices) and (n_rows, n_voices)
            They add over the rows of a session.
        """
        size = self.n_voices
        precision = (np.asarray(statistics.counts, np.float64) @ self.precisions).reshape(-1, size, size)
        return scale * precision, scale * np.asarray(statistics.projected, np.float64)

    def evidence_gain(self, statistics: BlockStatistics, shares: Floats, scale: float, prior: float) -> Floats:
        """Return by how much each speaker's factors raise the bound (21) above what the background model gives.

        Parameters
        ----------
        statistics, shares, scale, prior
            As for `posterior`.

        Returns
        -------
        array of shape (n_speakers,), nats
            F_B (y' L y - log|L|) / 2: the bound at its maximum over the factors, shares fixed.
        """
        precision, linear = self._natural(statistics, shares, scale / prior)
        means = np.linalg.solve(precision, linear[:, :, None])[:, :, 0]
        return np.asarray(prior * 0.5 * ((means * linear).sum(axis=1) - np.linalg.slogdet(precision)[1]))

    def log_likelihood(self, statistics: BlockStatistics, speakers: SpeakerPosterior, scale: float) -> Features:
        """Return the expected log-likelihood of each block under each speaker, eq. (16) without its constant.

        Returns
        -------
        array of shape (n_blocks, n_speakers), nats
        """
        first, zeroth = self._expected(speakers)
        counts, projected = np.asarray(statistics.counts), np.asarray(statistics.projected)
        likelihood = projected @ first.astype(np.float32)
        likelihood -= counts @ zeroth.astype(np.float32)
        likelihood *= np.float32(scale)
        return likelihood

    def evidence(self, x: Rows, boundaries: Indices, speakers: SpeakerPosterior) -> Floats:
        """Return the log-likelihood of spans of frames at full scale, as `log_likelihood` does, without statistics.

        Parameters
        ----------
        x : rows of shape (n_frames, n_features), float32
        boundaries : array of int, shape (n_spans + 1,)
            Span i is x[boundaries[i]:boundaries[i + 1]]. There may be so many that their statistics fill the memory.
        speakers : SpeakerPosterior

        Returns
        -------
        array of shape (n_spans, n_speakers), nats
            Above that of the background mixture; 0 for an empty span.
        """
        first, zeroth = self._expected(speakers)
        by_feature, by_component = (slope @ first for slope in self.slopes)  # eq. (16) before the sum over features
        zeroth, by_feature = (zeroth + by_component).astype(np.float32), by_feature.astype(np.float32)
        evidence = np.empty((len(boundaries) - 1, first.shape[1]))
        for part in parts(len(evidence), _BLOCKS_AT_ONCE):
            counts, sums = self._sums(x, boundaries[part.start : part.stop + 1])
            evidence[part] = sums @ by_feature - counts @ zeroth
        return evidence

    def _expected(self, speakers: SpeakerPosterior) -> tuple[Floats, Floats]:
        """Return what projected and zeroth-order statistics count for each speaker, the two terms of eq. (16).

        (n_voices, n_speakers) and (n_components, n_speakers)
        """
        second = speakers.covariances + speakers.means[:, :, None] * speakers.means[:, None, :]
        return speakers.means.T, 0.5 * (self.precisions @ second.reshape(len(second), -1).T)

    def ivectors(self, statistics: BlockStatistics, scale: float = _EMBEDDING_SCALE) -> Floats:
        """Return the posterior mean of the factors for each row of statistics on its own, eq. (10).

        Returns
        -------
        array of shape (n_rows, n_voices)
        """
        size, unit = self.n_voices, np.eye(self.n_voices, dtype=np.float32)
        precisions = self.precisions.astype(np.float32)
        means = np.empty((len(statistics), size))
        for start in range(0, len(statistics), _BLOCKS_AT_ONCE):
            part = slice(start, start + _BLOCKS_AT_ONCE)
            precision = unit + np.float32(scale) * (statistics.counts[part] @ precisions).reshape(-1, size, size)
            linear = np.float32(scale) * statistics.projected[part]
            means[part] = np.linalg.solve(precision, linear[:, :, None])[:, :, 0]
        return means

    def embed(self, statistics: BlockStatistics, n_dimensions: int) -> Floats:
        """Return vectors of length one, whose products say how alike two voices are.

        Returns
        -------
        array of shape (n_rows, n_dimensions)
        """
        vectors = (self.ivectors(statistics) - self.centre) @ self.projection[:, :n_dimensions]
        return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12))

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays for `numpy.savez`, the large one in half precision."""
        return {
            **self.background.arrays(f"{prefix}background_"),
            f"{prefix}voices": self.voices.astype(np.float16),
            f"{prefix}centre": self.centre.astype(np.float32),
            f"{prefix}projection": self.projection.astype(np.float32),
            **(self.sessions.arrays(prefix) if self.sessions else {}),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> EigenvoiceModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            An array is missing or the arrays do not fit together.
        """
        try:
            background = MixtureParameters.from_arrays(arrays, f"{prefix}background_").astype(np.float32)
            voices = np.asarray(arrays[f"{prefix}voices"], dtype=np.float32)
            centre = np.asarray(arrays[f"{prefix}centre"], dtype=np.float64)
            projection = np.asarray(arrays[f"{prefix}projection"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no eigenvoice model under {prefix!r}: {error}; train it again") from error
        if voices.ndim != 3 or voices.shape[:2] != background.means.shape:
            raise ModelError(f"the eigenvoices {voices.shape} do not fit the mixture {background.means.shape}")
        if centre.shape != voices.shape[2:] or projection.ndim != 2 or projection.shape[:1] != voices.shape[2:]:
            raise ModelError(f"centre {centre.shape} and projection {projection.shape} do not fit {voices.shape}")
        if not all(np.isfinite(array).all() for array in (voices, centre, projection)):
            raise ModelError(f"the eigenvoice model under {prefix!r} holds values that are no numbers; train it again")
        sessions = SessionModel.from_arrays(arrays, prefix, voices.shape[2])
        return cls(background, voices, centre, projection, sessions)


class View(NamedTuple):
    """The speech of a recording as one eigenvoice model sees it, and what it heard of known people (a row each)."""

    statistics: BlockStatistics
    voices: EigenvoiceModel
    known: BlockStatistics | None = None

    def held(self) -> View:
        """Return the same with the statistics in memory."""
        return self._replace(statistics=self.statistics.held())


def _not_negative(counts: Features) -> Features:
    if counts.min(initial=0.0) < 0:
        raise ValueError("counts of frames are not negative")
    return counts


def voice_precisions(voices: Floats) -> Floats:
    """Return V' V of each component over the variances, (n_components, n_voices * n_voices): what a frame adds to L.

    Parameters
    ----------
    voices : array of shape (n_components, n_features, n_voices), float64
        Eigenvoices in units of the background's standard deviations.
    """
    products: Floats = np.einsum("kdr,kdq->krq", voices, voices)
    return products.reshape(len(voices), -1)


def whitened_statistics(
    x: Features, background: MixtureParameters, boundaries: Indices
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return Baum-Welch statistics of spans of frames, first-order ones about the means, over the standard deviations.

    Returns
    -------
    zeroth : array of shape (n_spans, n_components)
    first : array of shape (n_spans, n_components, n_features)
    """
    zeroth, first = segment_statistics(x, background, boundaries)
    first -= zeroth[:, :, None] * background.means
    first /= np.sqrt(background.covariances)
    return zeroth, first
