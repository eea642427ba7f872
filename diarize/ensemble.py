"""Several eigenvoice models as one: each has speakers of its own, all share the chain of who speaks when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.errors import ModelError
from diarize.speakers import BlockStatistics, EigenvoiceModel, SpeakerPosterior

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleStatistics:
    """The same blocks of audio as each model sees them.

    Parameters
    ----------
    parts : tuple of BlockStatistics
        One for each model, all of the same blocks.
    """

    parts: tuple[BlockStatistics, ...]

    def __len__(self) -> int:
        return len(self.parts[0])

    def pooled(self, groups: Indices, n_groups: int) -> EnsembleStatistics:
        """Return the sums over blocks of the same group."""
        return EnsembleStatistics(tuple(part.pooled(groups, n_groups) for part in self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class EnsemblePosterior:
    """The same speakers in the space of each model.

    Parameters
    ----------
    parts : tuple of SpeakerPosterior
    """

    parts: tuple[SpeakerPosterior, ...]

    @property
    def divergence(self) -> float:
        """Mean over the models of the divergence from the prior, nats."""
        return sum(part.divergence for part in self.parts) / len(self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceEnsemble:
    """Eigenvoice models from trainings of their own, whose evidence is averaged: what one got wrong by chance goes.

    The evidence of a block is the mean of (16) over the models, the divergence in (21) the mean of theirs, so that an
    ensemble of equal models is one of them, and the rounds of the inference raise the bound as they do for one model.

    Parameters
    ----------
    members : tuple of EigenvoiceModel
        One at least, all for the same features.
    """

    members: tuple[EigenvoiceModel, ...]

    def statistics(self, x: Features, boundaries: Indices) -> EnsembleStatistics:
        """Sum up consecutive blocks of frames; see `EigenvoiceModel.statistics`."""
        return EnsembleStatistics(tuple(member.statistics(x, boundaries) for member in self.members))

    def posterior(
        self, statistics: EnsembleStatistics, shares: Floats, scale: float, prior: float
    ) -> EnsemblePosterior:
        """Find the speakers that the shares suggest in each model; see `EigenvoiceModel.posterior`."""
        pairs = zip(self.members, statistics.parts, strict=True)
        return EnsemblePosterior(tuple(member.posterior(part, shares, scale, prior) for member, part in pairs))

    def log_likelihood(self, statistics: EnsembleStatistics, speakers: EnsemblePosterior, scale: float) -> Floats:
        """Return the mean of the models' expected log-likelihoods, (n_blocks, n_speakers), nats."""
        triples = zip(self.members, statistics.parts, speakers.parts, strict=True)
        found = [member.log_likelihood(part, speaker, scale) for member, part, speaker in triples]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)

    def embed(self, statistics: EnsembleStatistics, n_dimensions: int) -> Floats:
        """Return vectors of length one, whose products are the mean over the models of how alike two voices are.

        Returns
        -------
        array of shape (n_rows, n_members * n_dimensions)
        """
        pairs = zip(self.members, statistics.parts, strict=True)
        found = [member.embed(part, n_dimensions) for member, part in pairs]
        joined: Floats = np.concatenate(found, axis=1) / np.sqrt(len(found))
        return joined

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        found = {f"{prefix}members": np.array(len(self.members))}
        for number, member in enumerate(self.members):
            found |= member.arrays(f"{prefix}{number}_")
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> VoiceEnsemble:
        """Build an ensemble from what `arrays` gave.

        Raises
        ------
        ModelError
            An array is missing or the arrays do not fit together.
        """
        try:
            count = int(arrays[f"{prefix}members"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no voices under {prefix!r}: {error}; train it again") from error
        if count < 1:
            raise ModelError(f"there are no eigenvoice models under {prefix!r}; train it again")
        members = tuple(EigenvoiceModel.from_arrays(arrays, f"{prefix}{number}_") for number in range(count))
        if len({member.background.n_features for member in members}) > 1:
            raise ModelError(f"the eigenvoice models under {prefix!r} are for different features; train it again")
        return cls(members)
