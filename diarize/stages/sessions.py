"""How one voice differs from day to day: a deviation of each session beside the factors of the speaker.

What is heard of a speaker in a session s has, in the eigenvoice space, the likelihood exp(l'w - w'Lw / 2) of
w = y + e_s. The speaker's factors y come from N(0, B), and the deviations e_s of moods, microphones, rooms and days
from N(0, W). With W = 0 and B the unit matrix this is the model of eq. (9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.errors import ModelError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_AT_ONCE = 64  # rows whose matrices are held at a time
_ASYMMETRY = 1e-3  # of the largest entry; what single precision leaves of a symmetric matrix is far nearer


@dataclass(frozen=True, slots=True, eq=False)
class SessionModel:
    """How factors differ between speakers and between the sessions of one.

    Parameters
    ----------
    between, within : array of shape (n_voices, n_voices)
        B and W.

    References
    ----------
    Kenny, Stafylakis, Ouellet, Alam and Dumouchel, "PLDA for speaker verification with utterances of arbitrary
    duration", ICASSP 2013. https://doi.org/10.1109/ICASSP.2013.6639148
    """

    between: Floats
    within: Floats

    def of_speaker(self, precision: Floats, linear: Floats) -> tuple[Floats, Floats]:
        """Return what sessions say of their speakers, the deviations integrated out; it adds over a speaker's sessions.

        Parameters
        ----------
        precision, linear : array of shape (n_sessions, n_voices, n_voices) and (n_sessions, n_voices)
            L and l, as `EigenvoiceModel.naturals` gives them.

        Returns
        -------
        precision, linear : arrays of the same shapes
            G = (I + L W)^-1 L and g = (I + L W)^-1 l.
        """
        size, parts = len(self.within), []
        for precisions, linears in _parts(precision, linear):
            both = np.concatenate([precisions, linears[:, :, None]], axis=2)
            parts.append(np.linalg.solve(np.eye(size) + precisions @ self.within, both))
        solved = np.concatenate(parts) if parts else np.zeros((0, size, size + 1))
        return solved[:, :, :size], solved[:, :, size]

    def evidence(self, precision: Floats, linear: Floats) -> Floats:
        """Return the logarithm of the integral of exp(g'y - y'Gy / 2) over N(y; 0, B), one for each speaker.

        Parameters
        ----------
        precision, linear : array of shape (n_speakers, n_voices, n_voices) and (n_speakers, n_voices)
            G and g, summed over the sessions of each.

        Returns
        -------
        array of shape (n_speakers,), nats
            The log-likelihood above that of a voice without factors of its own (B = 0) in the same sessions.
        """
        return np.concatenate([np.zeros(0), *(_evidence(*part) for part in self._turned(precision, linear))])

    def joining_gains(self, precision: Floats, linear: Floats, pairs: Indices) -> Floats:
        """Return log-likelihood ratios of one speaker against two.

        Parameters
        ----------
        precision, linear : array of shape (n_rows, n_voices, n_voices) and (n_rows, n_voices)
            G and g of each row, which may be the sum of several sessions.
        pairs : array of int, shape (n_pairs, 2)
            Numbers of rows.

        Returns
        -------
        array of shape (n_pairs,), nats
            Positive where the rows of a pair are better explained by one speaker.
        """
        turned = [np.concatenate(parts) for parts in zip(*self._turned(precision, linear), strict=True)]
        alone, gains = _evidence(*turned), np.empty(len(pairs))
        for start in range(0, len(pairs), _AT_ONCE):
            left, right = pairs[start : start + _AT_ONCE].T
            both = _evidence(*(values[left] + values[right] for values in turned))
            gains[start : start + _AT_ONCE] = both - alone[left] - alone[right]
        return gains

    def _turned(self, precision: Floats, linear: Floats) -> Iterator[tuple[Floats, Floats]]:
        """Yield C'GC and C'g, some rows at a time, where B = C C': the same for factors that come from N(0, I)."""
        root = _root(self.between)
        for precisions, linears in _parts(precision, linear):
            yield root.T @ precisions @ root, linears @ root

    @classmethod
    def without_deviations(cls, n_voices: int) -> SessionModel:
        """Return the model in which all sessions of a speaker sound alike: B the unit matrix, W nothing."""
        return cls(np.eye(n_voices), np.zeros((n_voices, n_voices)))

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays for `numpy.savez`."""
        return {
            f"{prefix}between": self.between.astype(np.float32),
            f"{prefix}within": self.within.astype(np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str, n_voices: int) -> SessionModel | None:
        """Build a model from what `arrays` gave; None where there is none.

        Raises
        ------
        ModelError
            Only one of the two is there, or they are no covariances of so many voices.
        """
        names = [f"{prefix}between", f"{prefix}within"]
        if not any(name in arrays for name in names):  # models that were trained before sessions were
            return None
        try:
            between, within = (np.asarray(arrays[name], dtype=np.float64) for name in names)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no session model under {prefix!r}: {error}; train it again") from error
        for name, matrix in zip(names, (between, within), strict=True):
            if matrix.shape != (n_voices, n_voices):
                raise ModelError(f"{name!r} {matrix.shape} does not fit {n_voices} eigenvoices; train it again")
            if not np.isfinite(matrix).all():
                raise ModelError(f"{name!r} holds values that are no numbers; train it again")
            if not _covariance(matrix):
                raise ModelError(f"{name!r} is no covariance: not symmetric, or negative; train it again")
        return cls(between, within)


def _evidence(precision: Floats, linear: Floats) -> Floats:
    """Return (g' (I + G)^-1 g - log|I + G|) / 2 of each row.

    The last row of the Cholesky factor of I + G, bordered by g, holds the root of the product.
    """
    size = linear.shape[1]
    bordered = np.empty((len(linear), size + 1, size + 1))
    bordered[:, :size, :size] = precision + np.eye(size)
    bordered[:, size, :size] = linear
    bordered[:, size, size] = 1.0 + (linear**2).sum(axis=1)  # large enough: it counts for nothing
    factor = np.linalg.cholesky(bordered)  # of what lies below the diagonal
    diagonal = np.diagonal(factor, axis1=1, axis2=2)[:, :size]
    return np.asarray((factor[:, size, :size] ** 2).sum(axis=1) / 2 - np.log(diagonal).sum(axis=1))


def _root(covariance: Floats) -> Floats:
    """Return C with C C' = covariance, (n, n); directions that are negative by rounding count as nothing."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _covariance(matrix: Floats) -> bool:
    """Return whether a matrix is symmetric and has no negative direction, but for rounding."""
    least = _ASYMMETRY * float(np.abs(matrix).max(initial=0.0))
    symmetric = np.allclose(matrix, matrix.T, rtol=0.0, atol=least)
    return bool(symmetric and np.linalg.eigvalsh(matrix).min(initial=0.0) >= -least)


def _parts(precision: Floats, linear: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield so many rows at a time that their matrices stay small."""
    for start in range(0, len(linear), _AT_ONCE):
        yield precision[start : start + _AT_ONCE], linear[start : start + _AT_ONCE]
