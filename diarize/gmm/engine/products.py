"""The two matrix products of EM: log densities from moments, sums of moments from posteriors.

On processors with AVX-512 they are our own loops over tiles of registers (see `tiles`), elsewhere BLAS. The former work
on arrays padded to whole tiles; padding is empty for the latter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats


@cache
def tiled() -> bool:
    """Tell whether the products are made of tiles, which pay with 32 registers of 512 bits."""
    import llvmlite.binding
    import numba

    features = getattr(numba.config, "CPU_FEATURES", None) or llvmlite.binding.get_host_cpu_features().flatten()
    return "+avx512f" in features.split(",")


def padded(n_components: int, n_moments: int, n_rows: int, dtype: npt.DTypeLike) -> tuple[int, int, int]:
    """Return the numbers of components, moments and rows with padding."""
    if not tiled():
        return n_components, n_moments, n_rows
    from diarize.gmm.engine.tiles import COMPONENTS, HIGH, MOMENTS, WIDE, lanes

    return (
        _up(n_components, max(HIGH, COMPONENTS)),
        _up(n_moments, MOMENTS),
        _up(n_rows, WIDE * lanes(dtype)),
    )


def _up(size: int, step: int) -> int:
    return -(-size // step) * step


def packed(coefficients: Float64, dtype: npt.DTypeLike) -> Floats:
    """Return coefficients (n_components, n_moments) in the precision and order in which `log_densities` reads them."""
    if not tiled():
        return coefficients.astype(dtype)
    from diarize.gmm.engine.tiles import HIGH

    n_components, n_moments = coefficients.shape
    whole = np.zeros((_up(n_components, HIGH), n_moments), dtype=dtype)
    whole[:n_components] = coefficients
    return np.ascontiguousarray(whole.reshape(-1, HIGH, n_moments).swapaxes(1, 2))


def log_densities(coefficients: Floats, moments: Floats, out: Floats) -> None:
    """Write coefficients @ moments to out.

    Parameters
    ----------
    coefficients : array
        As `packed` returns them.
    moments : array (n_moments, n_rows)
        Contiguous; sizes with padding.
    out : array (n_components, n_rows)
        Contiguous; sizes with padding.
    """
    if coefficients.ndim == 2:
        np.matmul(coefficients, moments, out=out)
        return
    from diarize.gmm.engine import loops

    loops.log_densities(coefficients, moments, out)


def add_products(shares: Floats, moments: Floats, sums: Float64) -> None:
    """Add shares @ moments.T to sums, in float64 from one call to the next.

    Parameters
    ----------
    shares : array (n_components, n_rows)
        Posteriors; contiguous; sizes with padding, as of the others.
    moments : array (n_moments, n_rows)
        Moments of the rows, 0 in the padding.
    sums : array (n_components, n_moments)
        What is added to.
    """
    if not tiled():
        sums += shares @ moments.T
        return
    from diarize.gmm.engine import loops

    loops.add_products(shares, moments, sums)
