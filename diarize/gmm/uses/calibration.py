"""Whether probabilities that a model gave to held-out values are even, as they are if the model is right."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64


@dataclass(frozen=True, slots=True, eq=False)
class PITCalibration:
    """Probabilities of held-out entries under a model, and how far from even they are.

    Parameters
    ----------
    probabilities : array (n, n_features)
        Of each entry being at most as large as it is.
    names : tuple of str
        The features.

    Examples
    --------
    >>> even = PITCalibration((np.arange(100)[:, None] + 0.5) / 100, ("x",))
    >>> even.statistic.round(3), even.p_value.round(3), even.coverage([0.5, 0.9])
    (array([0.005]), array([1.]), array([[0.5],
           [0.9]]))
    """

    probabilities: Float64
    names: tuple[str, ...]

    @property
    def statistic(self) -> Float64:
        """Largest distance of the share of smaller probabilities from even, (n_features,) (Kolmogorov-Smirnov)."""
        return self._test()[0]

    @property
    def p_value(self) -> Float64:
        """Chance of such a distance, (n_features,), if the model is right and has not seen these rows."""
        return self._test()[1]

    def coverage(self, levels: npt.ArrayLike) -> Float64:
        """Return the share of entries within the central interval of each level, (n_levels, n_features)."""
        wanted = np.asarray(levels, dtype=np.float64).reshape(-1, 1, 1)
        shares: Float64 = (2 * np.abs(self.probabilities - 0.5) <= wanted).mean(axis=1)
        return shares

    def plot(self, to: str | PathLike[str] | Any) -> Any:
        """Draw for each feature the share of smaller probabilities, and where it may be by chance in 95 of 100 cases.

        Parameters
        ----------
        to : path or matplotlib Axes
            A file to write or axes to draw on.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from diarize.gmm.plots import draw_calibration

        return draw_calibration(self.probabilities, self.names, to)

    def _test(self) -> tuple[Float64, Float64]:
        from scipy.stats import kstest

        tests = [kstest(column, "uniform") for column in self.probabilities.T]
        return np.array([test.statistic for test in tests]), np.array([test.pvalue for test in tests])
