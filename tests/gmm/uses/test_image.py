"""Segments of pictures: scenes whose segments are known, colours of other libraries, bad pictures that are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from diarize.gmm import GaussianMixture, responsibilities, segment_image
from diarize.gmm.uses import image

FRUITS = Path(__file__).resolve().parents[3] / "../shared/media/fruits.jpg"
COLOURS = np.array([(200, 60, 50), (60, 150, 70), (50, 80, 180), (230, 210, 120)])


def scene(noise: float = 6.0, height: int = 60, width: int = 80, seed: int = 0) -> Any:
    """Return a picture of four areas of known colour, and which pixel is in which."""
    rows, columns = np.mgrid[:height, :width]
    truth = (columns > 0.3 * width).astype(int)
    truth[rows > 0.6 * height] = 2
    truth[(rows - 0.3 * height) ** 2 + (columns - 0.7 * width) ** 2 < (0.2 * height) ** 2] = 3
    picture = COLOURS[truth] + np.random.default_rng(seed).normal(0, noise, (height, width, 3))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("colour_space", ["lab", "rgb"])
@pytest.mark.parametrize("kind", ["diag", "full", "tied", "spherical"])
def test_areas_of_known_colour_are_found(colour_space: str, kind: str) -> None:
    picture, truth = scene()
    found = segment_image(picture, 4, colour_space=colour_space, covariance_type=kind, random_state=0)
    assert adjusted_rand_score(truth.ravel(), found.labels.ravel()) > 0.99
    nearest = np.abs(found.colours[:, None] - COLOURS).sum(axis=2).argmin(axis=1)
    assert sorted(nearest) == [0, 1, 2, 3]
    assert np.abs(found.colours - COLOURS[nearest]).max() < 2
    assert found.mixture.covariance_type == kind


def test_the_criterion_finds_the_number() -> None:
    picture, truth = scene()
    found = segment_image(picture, colour_space="rgb", random_state=0)  # where the noise is independent
    assert found.n_segments == 4
    assert min(found.bic, key=found.bic.get) == 4
    assert list(found.bic) == list(range(1, 9))
    assert adjusted_rand_score(truth.ravel(), found.labels.ravel()) > 0.99


def test_what_comes_back_fits_together() -> None:
    picture, _ = scene()
    found = segment_image(picture, 4, random_state=0)
    counts = np.bincount(found.labels.ravel())
    assert (np.diff(counts) <= 0).all()
    np.testing.assert_allclose(found.shares, counts / counts.sum())
    for number, colour in enumerate(found.colours):
        np.testing.assert_allclose(colour, picture[found.labels == number].mean(axis=0))
        np.testing.assert_array_equal(found.picture()[found.labels == number][0], np.rint(colour))
    np.testing.assert_allclose(found.shares, found.mixture.weights, atol=0.01)
    with pytest.raises(ValueError, match="read-only"):
        found.labels[0] = 0
    with pytest.raises(AttributeError):
        found.labels = 0


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_labels_with_any_threads(seed: int) -> None:
    picture, _ = scene()
    one = segment_image(picture, 5, random_state=seed, n_sample=800)
    two = segment_image(picture, 5, random_state=seed, n_sample=800, n_jobs=2)
    np.testing.assert_array_equal(one.labels, two.labels)


def test_types_are_scales_of_one_picture() -> None:
    picture, _ = scene()
    whole = segment_image(picture, 4, random_state=0)
    real = segment_image(picture / 255, 4, random_state=0)
    wide = segment_image(picture.astype(np.uint16) * 257, 4, random_state=0)
    for other in (real, wide):
        np.testing.assert_array_equal(other.labels, whole.labels)
    np.testing.assert_allclose(real.colours * 255, whole.colours)
    np.testing.assert_allclose(wide.colours / 257, whole.colours)
    np.testing.assert_allclose(real.picture(np.float64), real.colours[real.labels])


def test_grey_pictures() -> None:
    picture, truth = scene()
    grey = picture[..., 0]
    found = segment_image(grey, random_state=0)
    same = segment_image(grey[..., None], random_state=0)
    np.testing.assert_array_equal(found.labels, same.labels)
    assert found.mixture.n_features == found.colours.shape[1] == 1
    assert found.picture().shape == (60, 80, 1)
    reds = np.array([200, 55, 230])[[0, 1, 1, 2]][truth]  # 60 and 50 of the red channel overlap
    assert adjusted_rand_score(reds.ravel(), segment_image(grey, 3, random_state=0).labels.ravel()) > 0.95


def test_transparent_pixels_take_no_part() -> None:
    picture, truth = scene()
    alpha = np.where(truth == 2, 0, 255).astype(np.uint8)
    found = segment_image(np.dstack([picture, alpha]), 3, random_state=0)
    np.testing.assert_array_equal(found.labels == -1, truth == 2)
    assert found.n_segments == 3
    assert found.colours.shape == (3, 3)
    assert not found.picture()[truth == 2].any()
    with pytest.raises(ValueError, match="transparent"):
        segment_image(np.dstack([picture, np.zeros_like(alpha)]))


def test_place_tells_areas_of_one_colour_apart() -> None:
    picture = np.full((40, 120, 3), (90, 120, 60), dtype=np.uint8)
    picture[:, :30] = picture[:, 90:] = (200, 180, 40)
    picture += np.random.default_rng(0).integers(0, 8, picture.shape, dtype=np.uint8)
    truth = np.repeat([0, 1, 2], [30, 60, 30])[None].repeat(40, axis=0)
    near = segment_image(picture, 3, spatial=1.0, random_state=0)
    assert adjusted_rand_score(truth.ravel(), near.labels.ravel()) > 0.98
    assert near.mixture.n_features == 5
    colour_only = segment_image(picture, 2, random_state=0)
    np.testing.assert_array_equal(colour_only.labels[:, 0], colour_only.labels[:, -1])


def test_smoothing_is_a_filter_over_posteriors() -> None:
    picture, truth = scene(noise=60)
    rough = segment_image(picture, 4, random_state=0)
    smooth = segment_image(picture, 4, smoothing=1.5, random_state=0)
    assert adjusted_rand_score(truth.ravel(), smooth.labels.ravel()) > 0.05 + adjusted_rand_score(
        truth.ravel(), rough.labels.ravel()
    )
    features = image.to_lab(picture.reshape(-1, 3) / 255)
    shares = responsibilities(features, smooth.mixture).reshape(60, 80, -1)
    wanted = gaussian_filter(shares, (1.5, 1.5, 0), mode="nearest").argmax(axis=2)
    np.testing.assert_array_equal(smooth.labels, wanted)


@pytest.mark.parametrize("smoothing", [0.0, 1.2])
def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch, smoothing: Any) -> None:
    picture, _ = scene(noise=20)
    options = {"smoothing": smoothing, "spatial": 0.2, "random_state": 0}
    whole = segment_image(picture, 5, **options)
    monkeypatch.setattr(image, "PIXELS_AT_ONCE", 300)
    np.testing.assert_array_equal(segment_image(picture, 5, **options).labels, whole.labels)


def test_colours_are_those_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    colours = np.random.default_rng(0).random((50, 40, 3)).astype(np.float32)
    wanted = cv2.cvtColor(colours, cv2.COLOR_RGB2Lab)
    assert np.abs(image.to_lab(colours.astype(float)) - wanted).max() < 0.5  # it interpolates in tables


def test_published_colours() -> None:
    """The primaries as Lindbloom's calculator gives them for sRGB and D65."""
    primaries = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    wanted = [[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.2], [87.73, -86.18, 83.18], [32.3, 79.19, -107.86]]
    np.testing.assert_allclose(image.to_lab(primaries), wanted, atol=0.02)


def test_the_mixture_is_that_of_the_engine() -> None:
    picture, _ = scene()
    found = segment_image(picture, 4, n_sample=10**6, random_state=0)
    features = image.to_lab(picture.reshape(-1, 3) / 255)
    model = GaussianMixture(4, covariance_type="diag", reg_covar=1.0, n_init=3, random_state=1).fit(features)
    order = np.argsort(-model.weights_)
    np.testing.assert_allclose(found.mixture.means, model.means_[order], atol=0.1)


@pytest.mark.parametrize("n_segments", ["bic", 1, 3])
@pytest.mark.parametrize(
    "picture", [np.full((1, 1), 7, np.uint8), np.full((1, 1, 3), 0.5), np.zeros((5, 4, 3), np.uint8)]
)
def test_one_pixel_or_one_colour_is_one_segment(picture: np.ndarray, n_segments: int) -> None:
    found = segment_image(picture, n_segments, smoothing=1.0)
    assert found.n_segments == 1
    assert not found.labels.any()
    assert found.labels.shape == picture.shape[:2]
    np.testing.assert_allclose(found.colours[0], picture[0, 0])


def test_few_colours_give_few_segments() -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[2:5] = (255, 0, 0)
    found = segment_image(picture, 5, random_state=0)
    np.testing.assert_allclose(found.shares, [0.7, 0.3])


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((0, 4, 3), np.uint8), "must be"),
        (np.zeros(4, np.uint8), "must be"),
        (np.zeros((4, 4, 2), np.uint8), r"must be .* got \(4, 4, 2\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), "must be"),
        (np.zeros((4, 4), np.int64), "got int64"),
        (np.zeros((4, 4), bool), "got bool"),
        (np.array([["a", "b"]]), "got <U1"),
        (np.array([[None, 1]]), "got object"),
        (np.array([[1j]]), "complex"),
        (np.array([[0.5, np.nan]]), "NaN"),
        (np.array([[0.5, np.inf]]), "infinity"),
        (np.array([[0.5, 200.0]]), "from 0 to 1, got 0.5 to 200"),
        (np.array([[-0.5, 0.2]]), "from 0 to 1"),
    ],
)
def test_bad_pictures(picture: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segment_image(picture)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_segments": 0}, "n_segments"),
        ({"n_segments": 2.5}, "n_segments"),
        ({"n_segments": "aic"}, "n_segments"),
        ({"colour_space": "hsv"}, "colour_space"),
        ({"spatial": -1}, "spatial"),
        ({"spatial": np.nan}, "spatial"),
        ({"smoothing": np.inf}, "smoothing"),
        ({"max_segments": 0}, "max_segments"),
        ({"n_sample": 0}, "n_sample"),
        ({"covariance_type": "round"}, "covariance_type"),
    ],
)
def test_bad_options(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segment_image(scene()[0], **options)


def test_a_photograph() -> None:
    cv2 = pytest.importorskip("cv2")
    if not FRUITS.is_file():
        pytest.skip("needs the picture media/fruits.jpg beside the checkout, in ../shared")
    picture = cv2.imread(str(FRUITS))[..., ::-1]
    found = segment_image(picture, 6, random_state=0)
    assert found.n_segments == 6
    error = np.square(found.picture().astype(float) - picture).mean()
    # k-means makes this error as small as six colours can
    least = KMeans(6, n_init=1, random_state=0).fit(picture[::4, ::4].reshape(-1, 3))
    assert error < 2.5 * least.inertia_ / (3 * len(least.labels_))
