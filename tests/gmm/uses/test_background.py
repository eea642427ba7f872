"""Background subtraction: masks of OpenCV's MOG2, states that can be read, bad frames that are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from diarize.gmm import BackgroundSubtractor

VIDEO = Path(__file__).resolve().parents[3] / "../shared/media/vtest.avi"
SETTERS = {
    "n_mixtures": "setNMixtures",
    "background_ratio": "setBackgroundRatio",
    "var_threshold_gen": "setVarThresholdGen",
    "var_init": "setVarInit",
    "var_min": "setVarMin",
    "var_max": "setVarMax",
    "complexity_reduction": "setComplexityReductionThreshold",
    "shadow_value": "setShadowValue",
    "shadow_threshold": "setShadowThreshold",
}


def scene(n_frames: int = 60, height: int = 40, width: int = 50, channels: int = 3, seed: int = 0) -> Any:
    """Return frames of a noisy coloured wall, a bush that flickers, and a box that passes with its shadow."""
    rng = np.random.default_rng(seed)
    wall = rng.integers(60, 220, size=(height, width, channels)).astype(float)
    frames = np.empty((n_frames, height, width, channels), dtype=np.uint8)
    for number in range(n_frames):
        picture = wall + rng.normal(0, 3, size=wall.shape)
        picture[:10, :15] += 40 * rng.integers(-1, 2, size=(10, 15, 1))
        if number > n_frames // 3:
            left = number % (width - 12)
            picture[20:35, left + 6 : left + 12] *= 0.6
            picture[20:35, left : left + 6] = rng.integers(0, 256, size=channels)
        frames[number] = np.clip(np.rint(picture), 0, 255)
    return frames if channels > 1 else frames[..., 0]


def opencv(cv2: Any, history: Any = 500, var_threshold: Any = 16.0, detect_shadows: Any = True, **settings) -> Any:
    found = cv2.createBackgroundSubtractorMOG2(history, var_threshold, detect_shadows)
    for name, value in settings.items():
        getattr(found, SETTERS[name])(value)
    return found


def plain(values: np.ndarray, settings: Any) -> Any:
    """Run the mixture of one grey pixel over its values, as the papers say it, and return the marks."""
    history, marks = settings["history"], []
    components = []  # [weight, mean, variance], heaviest first
    for number, value in enumerate(values, start=1):
        rate = 1 / min(2 * number, history)
        explained, background, total = False, False, 0.0
        for component in list(components):
            component[0] += rate * (0 - component[0]) - rate * settings["complexity_reduction"]
            if not explained:
                square = (value - component[1]) ** 2
                background |= total < 0.9 and square < 16 * component[2]
                if square < 9 * component[2]:
                    explained = True
                    component[0] += rate
                    step = rate / component[0]
                    component[1] += step * (value - component[1])
                    component[2] = min(max(component[2] + step * (square - component[2]), 4), 75)
            total += component[0]
        components = [component for component in components if component[0] > 0]
        total = sum(component[0] for component in components)
        for component in components:
            component[0] /= total
        if not explained:
            components = components[: settings["n_mixtures"] - 1]
            for component in components:
                component[0] *= 1 - rate
            components.append([rate if components else 1.0, float(value), 15.0])
        components.sort(key=lambda component: -component[0])
        marks.append(0 if background else 255)
    return marks, components


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"history": 20, "var_threshold": 30.0},
        {"detect_shadows": False, "n_mixtures": 3, "complexity_reduction": 0.3},
        {"n_mixtures": 1, "var_init": 40.0, "var_max": 50.0},
        {"n_mixtures": 2, "complexity_reduction": 0.0, "background_ratio": 0.6},
        {"var_threshold_gen": 4.0, "var_min": 1.0, "shadow_value": 60, "shadow_threshold": 0.3},
    ],
)
def test_masks_and_background_are_those_of_opencv(channels: int, settings: Any) -> None:
    cv2 = pytest.importorskip("cv2")
    ours, theirs = BackgroundSubtractor(**settings), opencv(cv2, **settings)
    different = np.zeros(2)
    for frame in scene(channels=channels):
        mask, wanted = ours.apply(frame), theirs.apply(frame)
        different += np.mean(mask != wanted), 1
    assert different[0] / different[1] < 1e-3
    assert np.abs(ours.background().astype(int) - theirs.getBackgroundImage()).mean() < 0.05


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.5, 1.0])
def test_learning_rates_are_those_of_opencv(rate: float) -> None:
    cv2 = pytest.importorskip("cv2")
    ours, theirs = BackgroundSubtractor(), opencv(cv2)
    for number, frame in enumerate(scene(40)):
        given = -1 if number < 20 else rate
        assert np.mean(ours.apply(frame, given) != theirs.apply(frame, learningRate=given)) < 1e-3


def test_masks_of_a_real_video_are_those_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    if not VIDEO.is_file():
        pytest.skip("needs the video media/vtest.avi beside the checkout, in ../shared")
    reader = cv2.VideoCapture(str(VIDEO))
    ours, theirs = BackgroundSubtractor(), opencv(cv2)
    different = []
    for _ in range(60):
        frame = reader.read()[1]
        different.append(np.mean(ours.apply(frame) != theirs.apply(frame)))
    assert np.mean(different) < 1e-3


def test_a_pixel_does_what_the_papers_say() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(80, 2, 60), rng.normal([[80], [150]], 2, (2, 40)).T.ravel()]).round()
    settings = {"history": 40, "complexity_reduction": 0.05, "n_mixtures": 4}
    model = BackgroundSubtractor(detect_shadows=False, **settings)
    marks = [int(model.apply(np.full((1, 1), value, dtype=np.float64))[0, 0]) for value in values]
    wanted, components = plain(values, settings)
    assert marks == wanted
    found = model.mixtures()
    assert found.counts[0, 0] == len(components)
    np.testing.assert_allclose(found.weights[0, 0, : len(components)], [entry[0] for entry in components], rtol=1e-4)
    np.testing.assert_allclose(found.means[0, 0, : len(components), 0], [entry[1] for entry in components], rtol=1e-4)
    np.testing.assert_allclose(found.variances[0, 0, : len(components)], [entry[2] for entry in components], rtol=1e-3)


def test_the_mixtures_are_a_frozen_value() -> None:
    frames = scene()
    model = BackgroundSubtractor().fit(frames)
    found = model.mixtures()
    assert found.weights.shape == (40, 50, 5)
    assert found.means.shape == (40, 50, 5, 3)
    np.testing.assert_allclose(found.weights.sum(axis=-1), 1, atol=1e-5)
    there = np.arange(5) < found.counts[..., None]
    assert (found.weights[there] >= 0).all()
    assert not found.weights[~there].any()
    assert (found.variances[there] >= 4).all()
    assert (found.variances[there] <= 75).all()
    assert np.median(found.counts[:10, :15]) > np.median(found.counts[:10, 20:])  # the bush needs more
    with pytest.raises(ValueError, match="read-only"):
        found.weights[0] = 0
    with pytest.raises(AttributeError):
        found.weights = 0
    before = found.means.copy()
    model.apply(frames[0])
    np.testing.assert_array_equal(found.means, before)


def test_a_box_and_its_shadow_are_found() -> None:
    wall = np.full((30, 40, 3), (200, 150, 100), dtype=np.uint8)
    model = BackgroundSubtractor().fit([wall] * 10)
    frame = wall.copy()
    frame[5:15, 5:15] = 30, 60, 200
    frame[5:15, 15:20] = (140, 105, 70)
    mask = model.apply(frame)
    wanted = np.zeros((30, 40), dtype=np.uint8)
    wanted[5:15, 5:15], wanted[5:15, 15:20] = 255, 127
    np.testing.assert_array_equal(mask, wanted)
    np.testing.assert_array_equal(model.background(), wall)
    assert BackgroundSubtractor(detect_shadows=False).fit([wall] * 10).apply(frame)[5, 16] == 255


@pytest.mark.slow  # compiles
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floating_point_frames(kind: str) -> None:
    frames = scene(30, channels=1)
    whole, real = BackgroundSubtractor(), BackgroundSubtractor()
    for frame in frames:
        np.testing.assert_array_equal(whole.apply(frame), real.apply(frame.astype(kind)))


def test_threads_and_memory_order_change_nothing() -> None:
    frames = scene(20, height=300, width=190)
    one, many, turned = BackgroundSubtractor(), BackgroundSubtractor(n_jobs=2), BackgroundSubtractor()
    for frame in frames:
        wanted = one.apply(frame)
        np.testing.assert_array_equal(many.apply(frame), wanted)
        np.testing.assert_array_equal(turned.apply(np.asfortranarray(frame)), wanted)
    np.testing.assert_array_equal(one.mixtures().means, many.mixtures().means)


@pytest.mark.slow  # compiles
def test_four_channels() -> None:
    frames = scene(20, channels=4)[:, :6, :7]
    model = BackgroundSubtractor().fit(frames)
    assert model.apply(frames[0]).shape == (6, 7)
    assert model.background().shape == (6, 7, 4)


def test_one_pixel_and_lists() -> None:
    single = BackgroundSubtractor().fit(np.full((5, 1, 1), 9.0))
    assert single.apply([[9.0]]).tolist() == [[0]]
    assert single.apply([[99.0]]).tolist() == [[255]]


def test_frames_that_are_read_only_are_no_other_kind() -> None:
    """Loops are compiled once for both, and a frame stays as writable as it was."""
    from diarize.gmm.uses.pixels import step

    frame = np.full((2, 3, 3), 9, dtype=np.uint8)
    model = BackgroundSubtractor().fit([frame])
    assert frame.flags.writeable
    before = len(step.signatures)
    frame.flags.writeable = False
    model.apply(frame)
    assert len(step.signatures) == before


def test_a_saved_state_goes_on(tmp_path: Path) -> None:
    frames = scene()
    model = BackgroundSubtractor(history=100, n_mixtures=4).fit(frames[:30])
    model.save(tmp_path / "wall.npz")
    back = BackgroundSubtractor.load(tmp_path / "wall.npz")
    assert back.get_params() == model.get_params()
    for frame in frames[30:]:
        np.testing.assert_array_equal(back.apply(frame), model.apply(frame))
    assert back.n_frames_ == 60


def test_states_that_do_not_fit_are_refused() -> None:
    frames = scene(5)
    model = BackgroundSubtractor().fit(frames)
    with pytest.raises(ValueError, match="does not fit n_mixtures=3"):
        model.set_params(n_mixtures=3).apply(frames[0])
    model = BackgroundSubtractor().fit(frames)
    model.counts_ = model.counts_[:-1]
    with pytest.raises(ValueError, match="does not fit"):
        model.apply(frames[0])
    model.reset().apply(frames[0])
    assert model.n_frames_ == 1


def test_counts_out_of_range_read_no_foreign_memory() -> None:
    model = BackgroundSubtractor().fit(scene(5))
    model.counts_[:] = 255
    with pytest.raises(ValueError, match="counts_"):
        model.apply(scene(1)[0])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((0, 5), np.uint8), "must be"),
        (np.zeros(5, np.uint8), "must be"),
        (np.zeros((2, 3, 4, 3), np.uint8), "must be"),
        (np.zeros((5, 20, 30), np.uint8), "up to 16 channels"),
        (np.zeros((4, 5), np.uint16), r"uint16; convert it with .astype"),
        (np.zeros((4, 5), bool), "bool"),
        (np.array([["a", "b"]]), "got <U1"),
        (np.array([[object()]]), "got object"),
        (np.array([[1j]]), "complex"),
        (np.array([[1.0, np.nan]]), "NaN"),
        (np.array([[1.0, np.inf]]), "infinity"),
        (np.array([[1.0, 1e300]]), "infinity"),
    ],
)
def test_bad_frames(frame: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BackgroundSubtractor().apply(frame)


def test_a_video_of_changing_size() -> None:
    model = BackgroundSubtractor().fit(np.zeros((3, 4, 5, 3), np.uint8))
    with pytest.raises(ValueError, match=r"frame 4 has the shape \(4, 6, 3\), those before it have \(4, 5, 3\)"):
        model.apply(np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(ValueError, match=r"\(4, 5\)"):
        model.apply(np.zeros((4, 5), np.uint8))
    assert model.n_frames_ == 3
    assert model.reset().apply(np.zeros((4, 6, 3), np.uint8)).shape == (4, 6)


@pytest.mark.parametrize(
    "settings",
    [{"history": 0}, {"n_mixtures": 0}, {"n_mixtures": 256}, {"var_threshold": -1}, {"background_ratio": 2}]
    + [{"shadow_value": 300}, {"var_init": 0}, {"detect_shadows": "yes"}, {"complexity_reduction": -0.1}],
)
def test_bad_parameters(settings: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        BackgroundSubtractor(**settings).apply(np.zeros((2, 2), np.uint8))


@pytest.mark.parametrize("rate", [1.5, np.nan, "fast", None])
def test_bad_learning_rates(rate: float) -> None:
    with pytest.raises(ValueError, match="learning_rate"):
        BackgroundSubtractor().apply(np.zeros((2, 2), np.uint8), rate)


def test_nothing_learnt() -> None:
    with pytest.raises(NotFittedError):
        BackgroundSubtractor().background()
    with pytest.raises(NotFittedError):
        BackgroundSubtractor().mixtures()
    with pytest.raises(NotFittedError):
        BackgroundSubtractor().save("nowhere")
    with pytest.raises(ValueError, match="at least one"):
        BackgroundSubtractor().fit([])


def test_importing_it_does_not_import_numba() -> None:
    code = "import sys, diarize.gmm.uses.background; "
    code += "print('numba' in sys.modules, 'diarize.gmm.uses.pixels' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
