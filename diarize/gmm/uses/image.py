"""Segments of a picture: pixels of similar colour, and of nearby place if so wanted, by one mixture of all."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.random import sample_without_replacement

from diarize.gmm.arrays import Float64
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.inference.posteriors import most_likely, responsibilities
from diarize.gmm.parameters import MixtureParameters

Labels = npt.NDArray[np.intp]

_RANGE = 100.0  # lightness is from 0 to this; so do red, green, blue and, with spatial=1, the longer side
_NOISE = 1.0  # least standard deviation of a feature: about half of what eyes tell apart in CIELAB
_STARTS = 3
PIXELS_AT_ONCE = 1 << 16  # labelled at a time
_REACH = 4.0  # standard deviations after which smoothing ends
_LARGEST = {"u1": 255, "u2": 65535}

# sRGB to CIE XYZ over the white point D65 (IEC 61966-2-1)
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ /= _XYZ.sum(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """A picture in segments, the one with most pixels first.

    Parameters
    ----------
    labels : array (height, width)
        The segment of each pixel, from 0; -1 where the picture is fully transparent.
    colours : array (n_segments, n_channels)
        Mean colour of each segment's pixels, in the picture's own scale, without transparency.
    shares : array (n_segments,)
        Of the pixels that are not transparent.
    mixture : MixtureParameters
        Over the features: colour channels from 0 to 100 (lightness, a and b in CIELAB), then the place, if it counts.
    bic : mapping of int to float
        Bayesian information criterion for each number of components that was tried; the lowest is taken.
    """

    labels: Labels
    colours: Float64
    shares: Float64
    mixture: MixtureParameters
    bic: Mapping[int, float]

    @property
    def n_segments(self) -> int:
        """How many segments there are."""
        return len(self.colours)

    def picture(self, dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
        """Return the picture, (height, width, n_channels), in the segments' colours; black where it was transparent."""
        kind = np.dtype(dtype)
        palette = np.vstack([self.colours, np.zeros_like(self.colours[:1])])
        return (np.rint(palette) if kind.kind in "iu" else palette).astype(kind)[self.labels]


def segment_image(
    image: npt.ArrayLike,
    n_segments: int | str = "bic",
    *,
    colour_space: str = "lab",
    covariance_type: str = "diag",
    spatial: float = 0.0,
    smoothing: float = 0.0,
    max_segments: int = 8,
    n_sample: int = 10_000,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> Segmentation:
    """Divide a picture into segments of similar colour.

    A mixture is fitted to a sample of the pixels; each pixel then belongs to its most likely component.

    Parameters
    ----------
    image : array (height, width), (height, width, 3) or (height, width, 4)
        Grey, sRGB, or sRGB with alpha: uint8, uint16, or floating point from 0 to 1. Fully transparent pixels take no
        part.
    n_segments : int or 'bic'
        How many, or what the Bayesian information criterion chooses on the sample. Photographs are no mixtures of
        Gaussians, and it mostly takes as many as it may there; it finds the number where colours are few and noisy.
        There are fewer segments where the picture has fewer colours, or where a component has no pixel.
    colour_space : {'lab', 'rgb'}
        CIELAB, in which distances are about what eyes see, or sRGB as it is.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        Of the components.
    spatial : float
        How much the place of a pixel counts beside its colour: the longer side of the picture is 100 * spatial units of
        colour long. As no component is narrower than one unit, little of it changes little; 1 makes compact segments.
    smoothing : float
        Standard deviation, in pixels, of a Gaussian filter over the posterior probabilities; 0 is none.
    max_segments : int
        Largest number that 'bic' tries.
    n_sample : int
        Pixels to fit the mixture to, at most.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    n_jobs : int or None
        Threads, -1 for one for each core, None for one. Results do not depend on it.

    Raises
    ------
    ValueError
        If the picture has another shape or type, holds NaN or infinity, is beyond its range or is transparent
        everywhere, or an option is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> picture = np.where(np.arange(40)[:, None] < 10, 60, 180) + rng.normal(0, 4, (40, 30))
    >>> segments = segment_image(np.rint(picture).astype(np.uint8), random_state=0)
    >>> segments.n_segments, segments.shares, segments.labels[[0, -1], 0], segments.picture()[[0, -1], 0, 0]
    (2, array([0.75, 0.25]), array([1, 0]), array([ 60, 180], dtype=uint8))
    """
    _check_options(n_segments, colour_space, spatial=spatial, smoothing=smoothing)
    _check_counts(max_segments=max_segments, n_sample=n_sample)
    picture = _Picture(image, colour_space, float(spatial))
    state = check_random_state(random_state)
    chosen = sample_without_replacement(
        len(picture.visible), min(n_sample, len(picture.visible)), random_state=state, method="auto"
    )
    sample = picture.features(picture.visible[np.sort(chosen)])
    if len(sample) == 1:
        sample = np.repeat(sample, 2, axis=0)
    wanted = range(1, max_segments + 1) if n_segments == "bic" else [int(n_segments)]
    sizes = sorted({min(size, len(np.unique(sample, axis=0))) for size in wanted})
    mixtures, bic = _fits(sample, sizes, covariance_type, state, n_jobs)
    mixture = mixtures[min(bic, key=lambda size: bic[size])]
    labels = _labels(picture, mixture, float(smoothing), n_jobs)
    return _ordered(picture, labels, mixture, bic)


def _check_options(n_segments: object, colour_space: str, **widths: object) -> None:
    if not (n_segments == "bic" if isinstance(n_segments, str) else _is_count(n_segments)):
        raise ValueError(f"n_segments must be 'bic' or a whole number of at least 1, got {n_segments!r}")
    if colour_space not in ("lab", "rgb"):
        raise ValueError(f"colour_space must be 'lab' or 'rgb', got {colour_space!r}")
    for name, value in widths.items():
        if not (isinstance(value, Real) and 0 <= float(value) < np.inf):
            raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")


def _check_counts(**counts: object) -> None:
    for name, value in counts.items():
        if not _is_count(value):
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


class _Picture:
    """A picture, checked, whose pixels become features when they are needed."""

    def __init__(self, image: npt.ArrayLike, colour_space: str, spatial: float) -> None:
        values = np.asarray(image)
        if values.ndim == 2:
            values = values[..., None]
        if values.ndim != 3 or 0 in values.shape or values.shape[2] not in (1, 3, 4):
            raise ValueError(
                f"a picture must be (height, width), (height, width, 3) or (height, width, 4), got {np.shape(image)}"
            )
        self.largest = float(_largest(values))
        self.height, self.width = values.shape[:2]
        pixels = values.reshape(self.height * self.width, -1)
        opaque = pixels[:, 3] > 0 if pixels.shape[1] == 4 else np.ones(len(pixels), dtype=np.bool_)
        self.colours = pixels[:, :3]
        self.visible = np.flatnonzero(opaque)
        if not len(self.visible):
            raise ValueError("every pixel of the picture is transparent")
        self._lab, self._spatial = colour_space == "lab", spatial

    def features(self, places: Labels) -> Float64:
        """Return the features of pixels given by their number, (n, n_features)."""
        colours = self.colours[places] / self.largest
        if self._lab:
            lab = to_lab(np.broadcast_to(colours, (len(colours), 3)))
            lab = lab[:, :1] if colours.shape[1] == 1 else lab
        else:
            lab = _RANGE * colours
        if self._spatial:
            scale = self._spatial * _RANGE / max(self.height, self.width)
            lab = np.column_stack([lab, scale * (places // self.width), scale * (places % self.width)])
        return lab

    def blocks(self, margin: int) -> Iterator[tuple[slice, slice]]:
        """Yield rows of the picture, some at a time, and these with a margin above and below."""
        step = max(1, PIXELS_AT_ONCE // self.width, margin)
        for start in range(0, self.height, step):
            stop = min(start + step, self.height)
            yield slice(start, stop), slice(max(0, start - margin), min(self.height, stop + margin))

    def places(self, rows: slice) -> Labels:
        """Return the numbers of the pixels in some rows."""
        return np.arange(rows.start * self.width, rows.stop * self.width)


def _largest(values: npt.NDArray[Any]) -> int:
    """Return the largest value that the picture's type allows, having checked that all values are allowed."""
    kind = values.dtype
    if kind.str[1:] in _LARGEST:
        return _LARGEST[kind.str[1:]]
    if kind.kind != "f":
        raise ValueError(f"a picture must be uint8, uint16, or floating point from 0 to 1; got {kind}")
    low, high = values.min(), values.max()
    if not np.isfinite(low + high):
        raise ValueError("the picture holds NaN or infinity")
    if low < 0 or high > 1:
        raise ValueError(
            f"a picture in floating point must be from 0 to 1, got {low:g} to {high:g}; divide it by its range"
        )
    return 1


def to_lab(colours: Float64) -> Float64:
    """Return colours in CIELAB (white point D65): lightness from 0 to 100, green to red, blue to yellow.

    Parameters
    ----------
    colours : array (..., 3)
        sRGB from 0 to 1.

    Examples
    --------
    >>> to_lab(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).round(1) + 0.0
    array([[100. ,   0. ,   0. ],
           [ 53.2,  80.1,  67.2]])
    """
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    share = linear @ _XYZ.T
    bent = np.where(share > (6 / 29) ** 3, np.cbrt(share), share * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _fits(
    sample: Float64, sizes: list[int], covariance_type: str, state: np.random.RandomState, n_jobs: int | None
) -> tuple[dict[int, MixtureParameters], dict[int, float]]:
    """Fit a mixture of each size; return them with their criteria."""
    mixtures, bic = {}, {}
    for size in sizes:
        model = GaussianMixture(size, covariance_type=covariance_type, random_state=state, n_jobs=n_jobs)
        model.set_params(reg_covar=_NOISE**2, max_iter=200, n_init=_STARTS)
        with warnings.catch_warnings():
            # a segmentation needs no last digits
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(sample)
        mixtures[size], bic[size] = model.parameters_, model.bic(sample)
    return mixtures, bic


def _labels(picture: _Picture, mixture: MixtureParameters, smoothing: float, n_jobs: int | None) -> Labels:
    """Return the most likely component of each pixel, (height, width), some rows at a time."""
    whole = np.empty((picture.height, picture.width), dtype=np.intp)
    decide: Callable[[Float64, int], Labels]
    if smoothing == 0:
        margin = 0

        def decide(features: Float64, height: int) -> Labels:
            return most_likely(features, mixture, n_jobs=n_jobs).reshape(height, -1)
    else:
        margin = int(_REACH * smoothing + 0.5)

        def decide(features: Float64, height: int) -> Labels:
            shares = responsibilities(features, mixture, n_jobs=n_jobs).reshape(height, picture.width, -1)
            blurred = gaussian_filter(shares, (smoothing, smoothing, 0), mode="nearest", truncate=_REACH)
            return np.asarray(blurred.argmax(axis=2), dtype=np.intp)

    for rows, wide in picture.blocks(margin):
        labels = decide(picture.features(picture.places(wide)), wide.stop - wide.start)
        whole[rows] = labels[rows.start - wide.start : rows.stop - wide.start]
    return whole


def _ordered(picture: _Picture, labels: Labels, mixture: MixtureParameters, bic: Mapping[int, float]) -> Segmentation:
    """Sort segments by their number of pixels, leave out those without any, and take their colours."""
    inside = labels.reshape(-1)[picture.visible]
    counts = np.bincount(inside, minlength=mixture.n_components)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    place = np.zeros(mixture.n_components, dtype=np.intp)
    place[order] = np.arange(len(order))
    ordered = np.full(labels.size, -1, dtype=np.intp)
    ordered[picture.visible] = place[inside]
    sums = [np.bincount(place[inside], weights=channel[picture.visible]) for channel in picture.colours.T]
    weights = mixture.weights[order] / mixture.weights[order].sum()
    covariances = mixture.kind.chosen(mixture.covariances, order)
    kept = replace(mixture, weights=weights, means=mixture.means[order], covariances=covariances)
    colours = np.stack(sums, axis=1) / counts[order][:, None]
    described = ordered.reshape(labels.shape), colours, counts[order] / counts.sum()
    for array in described:
        array.flags.writeable = False
    return Segmentation(*described, kept, MappingProxyType(dict(bic)))
