"""Files of estimators: what comes out is what went in, and nothing else is taken for one."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from diarize.gmm import GaussianMixture
from diarize.gmm.estimators.storage import Stored, load_estimator, save_estimator

KINDS = ("full", "tied", "diag", "spherical")
ROWS = np.random.default_rng(0).normal(size=(200, 3)) + np.repeat([[0.0], [9.0]], 100, axis=0)


class Other(Stored, BaseEstimator):
    """An estimator with parameters and attributes of every kind."""

    def __init__(
        self, text: str = "a", number: int = 1.5, array: Any = None, random_state: Any = None, odd: Any = None
    ) -> None:
        self.text, self.number, self.array, self.random_state, self.odd = text, number, array, random_state, odd

    def fit(self, X: np.ndarray, y: np.ndarray = None) -> Any:
        self.names_ = np.array(["left", "right"], dtype=object)
        self.history_ = [-np.inf, -1.5, 1 / 3]
        self.count_, self.share_, self.done_ = np.int64(3), np.float32(0.1), np.bool_(True)
        self.matrix_ = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
        self.nothing_ = None
        self.empty_ = []
        self._private = object()
        return self


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mixture.npz"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mixture_comes_back_the_same(path: Any, kind: str, dtype: type) -> None:
    rows = ROWS.astype(dtype)
    options = {"means_init": [[0.0] * 3, [9.0] * 3], "random_state": np.random.RandomState(0), "callback": len_of_both}
    model = GaussianMixture(2, covariance_type=kind, tol=1e-5, **options).fit(rows)
    model.save(path)
    back = GaussianMixture.load(path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        assert getattr(back, name).dtype == dtype
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))
    for method in ("predict", "predict_proba", "score_samples"):
        assert getattr(back, method)(rows).tobytes() == getattr(model, method)(rows).tobytes()
    assert back.lower_bounds_ == model.lower_bounds_
    assert (back.converged_, back.n_iter_, back.n_features_in_) == (model.converged_, model.n_iter_, 3)
    expected = {**model.get_params(), "random_state": None, "callback": None}
    np.testing.assert_array_equal(back.get_params().pop("means_init"), expected.pop("means_init"))
    assert {name: value for name, value in back.get_params().items() if name != "means_init"} == expected
    back.set_params(random_state=0).fit(rows)
    back.partial_fit(rows)


def len_of_both(iteration: int, bound: float) -> None:
    pass


def test_values_of_every_kind(path: Any) -> None:
    model = Other("b", 3, [[1, 2], [3, 4]], np.random.default_rng(0)).fit(None)
    save_estimator(model, path)
    back = load_estimator(Other, path)
    assert (back.text, back.number, back.random_state) == ("b", 3, None)
    np.testing.assert_array_equal(back.array, [[1, 2], [3, 4]])
    assert back.names_.dtype == object
    assert list(back.names_) == ["left", "right"]
    assert back.history_ == model.history_
    assert (back.count_, back.done_, back.nothing_, back.empty_) == (3, True, None, [])
    assert back.share_ == np.float32(0.1)
    assert back.matrix_.dtype == np.float32
    np.testing.assert_array_equal(back.matrix_, model.matrix_)
    assert not hasattr(back, "_private")


def test_the_same_model_makes_the_same_file(tmp_path: Path) -> None:
    model = GaussianMixture(2, random_state=0).fit(ROWS)
    model.save(tmp_path / "one")
    model.save(str(tmp_path / "two"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_cannot_be_stored(path: Any) -> None:
    with pytest.raises(NotFittedError):
        GaussianMixture().save(path)
    with pytest.raises(ValueError, match="the parameter odd cannot be stored"):
        Other(odd=print).fit(None).save(path)
    with pytest.raises(ValueError, match="the parameter odd cannot be stored"):
        Other(odd=[[1], [1, 2]]).fit(None).save(path)
    model = Other().fit(None)
    model.odd_ = {"a": 1}
    with pytest.raises(ValueError, match="the attribute odd_ cannot be stored"):
        model.save(path)
    assert not path.exists()


def test_an_old_file_stays_if_writing_fails(path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("old")

    def full_disk(file: Any, **arrays) -> Any:
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="no space"):
        GaussianMixture(2, random_state=0).fit(ROWS).save(path)
    assert path.read_text() == "old"
    assert len(list(path.parent.iterdir())) == 1


def test_no_file(path: Any) -> None:
    with pytest.raises(FileNotFoundError):
        GaussianMixture.load(path)


def test_files_of_something_else(path: Any) -> None:
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="no file of an estimator"):
        GaussianMixture.load(path)
    path.write_text("text")
    with pytest.raises(ValueError, match="no file of an estimator"):
        GaussianMixture.load(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ValueError, match="no archive of arrays"):
        GaussianMixture.load(path)
    np.savez(path, means=np.ones(3))
    with pytest.raises(ValueError, match="no header"):
        GaussianMixture.load(path)
    np.savez(path, header=np.array([{"a": 1}], dtype=object))  # a pickle inside
    with pytest.raises(ValueError, match="neither numbers nor text"):
        GaussianMixture.load(path)


def test_a_bomb_is_refused_before_anything_is_unpacked(path: Any) -> None:
    """A hundred megabytes of zeros, which no estimator needs, in less than one."""
    GaussianMixture(2, random_state=0).fit(ROWS).save(path)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.npy", "w") as member,
    ):
        for _ in range(100):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="unpacks to 105 MB"):
            GaussianMixture.load(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_class_of_another_name(path: Any) -> None:
    Other().fit(None).save(path)
    with pytest.raises(ValueError, match=r"holds a Other, not a GaussianMixture; load it with Other\.load"):
        GaussianMixture.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header.update(format="recipe"), "its header says something else"),
        (lambda header: header.update(version=99), "newer version of diarize"),
        (lambda header: header.update(version="x"), "its header says something else"),
        (lambda header: header.update(version=1.5), "its header says something else"),
        (lambda header: header["parameters"].update(tol={"array": "plain"}), "tol"),
        (lambda header: header["parameters"].update(tol={}), "tol"),
        (lambda header: header.pop("class"), "no header"),
        (lambda header: header.update(parameters=[]), "its header says something else"),
        (lambda header: header["parameters"].update(colour="red"), "colour"),
        (lambda header: header["parameters"].update(n_components=-1), "n_components"),
        (lambda header: header["attributes"].update(fit=1), "'fit' is no fitted attribute"),
        (lambda header: header["attributes"].update(parameters_=1), "'parameters_' is no fitted attribute"),
        (lambda header: header["attributes"].update(__class__=1), "'__class__' is no fitted attribute"),
        (lambda header: header["attributes"].update(more_={"array": "plain"}), "more_"),
        (lambda header: header["attributes"].clear(), "not fitted"),
    ],
)
def test_headers_that_are_not_to_be_believed(path: Any, change: Any, message: str) -> None:
    GaussianMixture(2, random_state=0).fit(ROWS).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header")))
    change(header)
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(ValueError, match=message):
        GaussianMixture.load(path)


def test_damage_never_gives_anything_but_value_error_or_the_same_model(path: Any) -> None:
    model = GaussianMixture(2, random_state=0).fit(ROWS)
    model.save(path)
    whole = path.read_bytes()
    expected = model.score_samples(ROWS).tobytes()
    for place in [*range(0, len(whole), 11), *flag_bytes(path)]:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        for content in (damaged, whole[:place]):
            path.write_bytes(content)
            try:
                back = GaussianMixture.load(path)
            except ValueError:
                pass
            else:
                assert back.score_samples(ROWS).tobytes() == expected


def flag_bytes(path: Path) -> list[int]:
    """Return where the file says of each of its parts whether it is encrypted."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        places, start = [], archive.start_dir
        for _ in archive.infolist():
            start = content.find(b"PK\x01\x02", start) + 8
            places.append(start)
    return places
