"""Background subtraction: what moves in a video, by an online mixture for each pixel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from diarize.gmm.engine.threads import ordered_map
from diarize.gmm.estimators.storage import Stored
from diarize.gmm.estimators.validation import Interval

if TYPE_CHECKING:
    from diarize.gmm.uses.pixels import Rates

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

BLOCK_PIXELS = 512  # pixels, as in `pixels`
MOST_MIXTURES = 255  # components that a byte can count; also the value of the foreground
_PIECE = 32  # blocks that a thread does at a time
_TYPES = "frames must be uint8, or floating point on the same scale from 0 to 255; got {kind}{advice}"


@dataclass(frozen=True, slots=True, eq=False)
class PixelMixtures:
    """The mixture of each pixel as read-only arrays; components that a pixel does not have are zero.

    Parameters
    ----------
    weights : array (height, width, n_mixtures)
        Shares of the components, heaviest first; they sum to one.
    means : array (height, width, n_mixtures, n_channels)
        Their values.
    variances : array (height, width, n_mixtures)
        Their variances, the same in all channels.
    counts : array (height, width)
        How many components each pixel has.
    """

    weights: Float32
    means: Float32
    variances: Float32
    counts: Bytes

    def __post_init__(self) -> None:
        for name in self.__slots__:
            getattr(self, name).flags.writeable = False


class BackgroundSubtractor(Stored, BaseEstimator):  # type: ignore[misc]
    """Tell what moves from what stands still in a video, frame by frame.

    Each pixel has a mixture of few Gaussians that follows the values it shows; how many it needs is found out as well.
    A value that none of the heavy components expects is foreground; one that has the colour of such a component but is
    darker is a shadow. Masks are those of OpenCV's MOG2 with the same settings; what is learnt can be looked at, saved
    and restored.

    Parameters
    ----------
    history : int
        Frames after which something new weighs as much as what was there before: 1 / history is the learning rate.
    var_threshold : float
        Squared distance from a component, in its variances, up to which a value counts as background.
    detect_shadows : bool
        Whether shadows are marked.
    n_mixtures : int
        Components a pixel may have.
    background_ratio : float
        Share of the weight, heaviest component first, that is background.
    var_threshold_gen : float
        Squared distance, in variances, up to which a value belongs to a component; farther ones start a new one.
    var_init, var_min, var_max : float
        Variance of a new component, and the limits between which it moves.
    complexity_reduction : float
        Weight, as a share of the learning rate, that each component loses with each frame; one that loses all is gone.
        0 keeps all.
    shadow_value : int
        What shadows are in the mask.
    shadow_threshold : float
        The darkest shadow: 0.5 is half as bright as the background.
    n_jobs : int or None
        Threads over pixels; -1 for one for each core, None for one. Results do not depend on it.

    Attributes
    ----------
    n_frames_ : int
        Frames seen.
    shape_ : array
        Of a frame.
    blocks_, counts_ : array
        What `mixtures` puts in order.

    References
    ----------
    Z. Zivkovic. Improved adaptive Gaussian mixture model for background subtraction. International Conference on
    Pattern Recognition, 2004. doi:10.1109/ICPR.2004.1333992

    Z. Zivkovic, F. van der Heijden. Efficient adaptive density estimation per image pixel for the task of background
    subtraction. Pattern Recognition Letters 27, 2006. doi:10.1016/j.patrec.2005.11.005

    A. Prati, I. Mikic, M. M. Trivedi, R. Cucchiara. Detecting moving shadows: algorithms and evaluation. IEEE
    Transactions on Pattern Analysis and Machine Intelligence 25, 2003. doi:10.1109/TPAMI.2003.1206520

    Examples
    --------
    >>> video = np.full((30, 4, 6), 200, dtype=np.uint8)
    >>> video[20:, 1, 2] = 20
    >>> video[20:, 2, 4] = 120
    >>> subtractor = BackgroundSubtractor().fit(video[:20])
    >>> subtractor.apply(video[20])
    array([[  0,   0,   0,   0,   0,   0],
           [  0,   0, 255,   0,   0,   0],
           [  0,   0,   0,   0, 127,   0],
           [  0,   0,   0,   0,   0,   0]], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "history": [Interval(Integral, 1, None, closed="left")],
        "var_threshold": [Interval(Real, 0, None, closed="neither")],
        "detect_shadows": ["boolean"],
        "n_mixtures": [Interval(Integral, 1, MOST_MIXTURES, closed="both")],
        "background_ratio": [Interval(Real, 0, 1, closed="right")],
        "var_threshold_gen": [Interval(Real, 0, None, closed="neither")],
        "var_init": [Interval(Real, 0, None, closed="neither")],
        "var_min": [Interval(Real, 0, None, closed="neither")],
        "var_max": [Interval(Real, 0, None, closed="neither")],
        "complexity_reduction": [Interval(Real, 0, 1, closed="both")],
        "shadow_value": [Interval(Integral, 0, MOST_MIXTURES, closed="both")],
        "shadow_threshold": [Interval(Real, 0, 1, closed="both")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        history: int = 500,
        var_threshold: float = 16.0,
        detect_shadows: bool = True,
        *,
        n_mixtures: int = 5,
        background_ratio: float = 0.9,
        var_threshold_gen: float = 9.0,
        var_init: float = 15.0,
        var_min: float = 4.0,
        var_max: float = 75.0,
        complexity_reduction: float = 0.05,
        shadow_value: int = 127,
        shadow_threshold: float = 0.5,
        n_jobs: int | None = None,
    ) -> None:
        self.history = history
        self.var_threshold = var_threshold
        self.detect_shadows = detect_shadows
        self.n_mixtures = n_mixtures
        self.background_ratio = background_ratio
        self.var_threshold_gen = var_threshold_gen
        self.var_init = var_init
        self.var_min = var_min
        self.var_max = var_max
        self.complexity_reduction = complexity_reduction
        self.shadow_value = shadow_value
        self.shadow_threshold = shadow_threshold
        self.n_jobs = n_jobs

    def fit(self, frames: Iterable[npt.ArrayLike], y: object = None) -> Self:
        """Learn from frames, and from nothing before them.

        Parameters
        ----------
        frames : iterable of array
            As `apply` takes them.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If there are none, or `apply` would raise it.
        """
        self.reset()
        for frame in frames:
            self.apply(frame)
        if not hasattr(self, "n_frames_"):
            raise ValueError("there is no frame to learn from; give at least one")
        return self

    def reset(self) -> Self:
        """Forget all frames."""
        for name in ("n_frames_", "shape_", "blocks_", "counts_"):
            if hasattr(self, name):
                delattr(self, name)
        return self

    def apply(self, frame: npt.ArrayLike, learning_rate: float = -1.0) -> Bytes:
        """Return what is foreground in a frame, and learn from it.

        Parameters
        ----------
        frame : array (height, width) or (height, width, n_channels)
            uint8, or floating point on the same scale. The first one decides on the shape.
        learning_rate : float
            How much a frame counts, up to 1: 0 learns nothing, 1 forgets all that was learnt, below 0 stands for
            1 / history, or 1 / (2 n) in the n-th frame while that is more. The first frame is always learnt.

        Returns
        -------
        array (height, width)
            uint8: 0 background, `shadow_value` shadow, 255 foreground. In the first frame everything is new.

        Raises
        ------
        ValueError
            If the frame has another shape than those before, holds NaN or infinity, is empty or of another type, or
            a parameter is out of range.
        """
        from diarize.gmm.uses.pixels import BLOCK, step

        self._validate_params()
        if not (isinstance(learning_rate, Real) and learning_rate <= 1):
            raise ValueError(f"learning_rate must be a number up to 1, got {learning_rate!r}")
        values = _checked(frame)
        if learning_rate == 1:
            self.reset()
        self._prepare(values.shape)
        self.n_frames_ += 1
        given = learning_rate >= 0 and self.n_frames_ > 1
        rates = self._rates(float(learning_rate) if given else 1 / min(2 * self.n_frames_, self.history))
        flat, mask = values.reshape(-1), np.empty(values.shape[:2], dtype=np.uint8)
        flat.flags.writeable = False  # one type: else loops are compiled once more for frames that may be written to
        marks, channels = mask.reshape(-1), len(rates.channels)

        def run(piece: slice) -> None:
            here = slice(piece.start * BLOCK, piece.stop * BLOCK)
            part = flat[here.start * channels : here.stop * channels]
            step(part, self.blocks_[piece], self.counts_[here], rates, marks[here])

        length = len(self.blocks_) if self.n_jobs in (None, 1) else _PIECE
        pieces = [slice(first, first + length) for first in range(0, len(self.blocks_), length)]
        for _ in ordered_map(run, pieces, self.n_jobs):
            pass
        return mask

    def mixtures(self) -> PixelMixtures:
        """Return a copy of what is known of each pixel.

        Raises
        ------
        NotFittedError
            If no frame was seen.
        """
        check_is_fitted(self, "n_frames_")
        entries = self._entries()
        # the sum is below one where a component has just been replaced
        total = np.maximum(entries[..., 0].sum(axis=2, keepdims=True), np.finfo(np.float32).tiny)
        counts = self.counts_.reshape(entries.shape[:2]).copy()
        return PixelMixtures(entries[..., 0] / total, entries[..., 2:].copy(), entries[..., 1].copy(), counts)

    def background(self) -> Bytes:
        """Return the picture of what stands still, uint8, in the shape of the frames.

        Each pixel is the mean of its heaviest components, up to `background_ratio` of the weight.

        Raises
        ------
        NotFittedError
            If no frame was seen.
        """
        check_is_fitted(self, "n_frames_")
        entries = self._entries()
        weights = entries[..., 0]
        share = np.where(np.cumsum(weights, axis=-1) - weights <= self.background_ratio, weights, 0)
        total = np.maximum(share.sum(axis=-1, keepdims=True), np.finfo(np.float32).tiny)
        picture = (share[..., None] * entries[..., 2:]).sum(axis=2) / total
        whole: Bytes = np.clip(np.rint(picture), 0, MOST_MIXTURES).astype(np.uint8)
        return whole.reshape(tuple(self.shape_))

    def _entries(self) -> Float32:
        """Return weight, variance and means of each component, (height, width, n_mixtures, 2 + n_channels)."""
        height, width = (int(size) for size in self.shape_[:2])
        rows = np.moveaxis(self.blocks_, 3, 1).reshape(-1, *self.blocks_.shape[1:3])[: height * width]
        entries: Float32 = rows.reshape(height, width, *rows.shape[1:]).copy()
        entries[np.arange(entries.shape[2]) >= self.counts_.reshape(height, width, 1)] = 0
        return entries

    def _rates(self, rate: float) -> Rates:
        from diarize.gmm.uses.pixels import Rates

        channels = 1 if len(self.shape_) == 2 else int(self.shape_[2])
        single: Any = np.float32
        return Rates(
            single(rate),
            single(rate * float(single(self.complexity_reduction))),
            single(self.background_ratio),
            single(self.var_threshold),
            single(self.var_threshold_gen),
            single(self.var_init),
            single(self.var_min),
            single(self.var_max),
            single(self.shadow_threshold),
            int(self.shadow_value) if self.detect_shadows else MOST_MIXTURES,
            tuple(range(channels)),
        )

    def _prepare(self, shape: tuple[int, ...]) -> None:
        """Make room for mixtures before the first frame; check that they fit before the others."""
        size, entries = shape[0] * shape[1], 2 + (1 if len(shape) == 2 else shape[2])
        blocks = (-(-size // BLOCK_PIXELS), self.n_mixtures, entries, BLOCK_PIXELS)
        if not hasattr(self, "n_frames_"):
            self.blocks_, self.counts_ = np.zeros(blocks, dtype=np.float32), np.zeros(size, dtype=np.uint8)
            self.n_frames_, self.shape_ = 0, np.array(shape)
            return
        before = tuple(map(int, self.shape_))
        if before != shape:
            raise ValueError(
                f"frame {self.n_frames_ + 1} has the shape {shape}, those before it have {before}; "
                "call reset() where another video begins"
            )
        for array, wanted, kind in ((self.blocks_, blocks, np.float32), (self.counts_, (size,), np.uint8)):
            # compiled code relies on it
            if array.shape != wanted or array.dtype != kind or not array.flags.c_contiguous:
                raise ValueError(f"what was learnt does not fit n_mixtures={self.n_mixtures}; call reset()")
        if self.counts_.max() > self.n_mixtures:
            raise ValueError(f"counts_ goes beyond n_mixtures={self.n_mixtures}; call reset()")


def _checked(frame: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return a frame as uint8 or float32, in one piece of memory."""
    values = np.asarray(frame)
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ValueError(f"a frame must be (height, width) or (height, width, n_channels), got shape {values.shape}")
    if values.ndim == 3 and values.shape[2] > 16:
        raise ValueError(f"a frame may have up to 16 channels, got shape {values.shape}; are several frames given?")
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise ValueError("the frame holds NaN or infinity")
    elif values.dtype != np.uint8:
        advice = "; convert it with .astype(np.uint8) or .astype(np.float32)" if values.dtype.kind in "biu" else ""
        raise ValueError(_TYPES.format(kind=values.dtype, advice=advice))
    return np.ascontiguousarray(values)
