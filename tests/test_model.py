"""Model files: written and read again the same, and every file that is none refused with its path."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.config import FeatureConfig
from diarize.errors import FormatError, ModelError
from diarize.features import spectra
from diarize.gmm import MixtureParameters
from diarize.model import BANDS, Model, builtin_model
from diarize.stages.speakers import EigenvoiceModel


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "model.npz"
    builtin_model().save(path)
    return path


@pytest.fixture
def arrays(saved: Path) -> dict[str, Any]:
    with np.load(saved, allow_pickle=False) as file:
        return dict(file)


def test_the_shipped_model_is_read_once_and_has_both_bands() -> None:
    model = builtin_model()
    assert builtin_model() is model
    assert set(model.bands) == set(BANDS)
    wide, narrow = model.bands["wide"], model.bands["narrow"]
    assert wide.features == FeatureConfig()
    assert narrow.features.n_mels < wide.features.n_mels
    assert narrow.features.f_max <= 4000
    for band in model.bands.values():
        assert len(band.voices) > 1
        for member in band.voices:
            assert member.background.n_features == band.features.n_mfcc
            assert np.isfinite(member.precisions).all()


def test_the_shipped_bands_work_on_a_spectrum() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    spectrum, harmonicity = spectra([noise], FeatureConfig())
    for band in builtin_model().bands.values():
        part = spectrum[:, : band.features.n_mels]
        found = band.speech.log_likelihood(band.speech.features(part, harmonicity))
        assert found.shape == (len(part), 2)
        assert np.isfinite(found).all()


def test_saved_and_read_again_a_model_says_the_same(saved: Path) -> None:
    model, again = builtin_model(), Model.load(saved)
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    spectrum, harmonicity = spectra([noise], FeatureConfig())
    for name in BANDS:
        one, two = model.bands[name], again.bands[name]
        assert one.features == two.features
        for first, second in zip(one.voices, two.voices, strict=True):
            np.testing.assert_array_equal(first.voices, second.voices)
            np.testing.assert_array_equal(first.projection, second.projection)
        part = spectrum[:, : one.features.n_mels]
        likelihoods = [band.speech.log_likelihood(band.speech.features(part, harmonicity)) for band in (one, two)]
        np.testing.assert_array_equal(*likelihoods)


def test_saving_twice_gives_the_same_arrays(saved: Path, tmp_path: Path, arrays: dict[str, Any]) -> None:
    Model.load(saved).save(tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz", allow_pickle=False) as file:
        again = dict(file)
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])


def test_a_model_may_have_the_full_band_only(tmp_path: Path) -> None:
    Model({"wide": builtin_model().bands["wide"]}).save(tmp_path / "wide.npz")
    assert set(Model.load(tmp_path / "wide.npz").bands) == {"wide"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot write"):
        builtin_model().save(tmp_path / "none" / "model.npz")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.npz: no such model file"):
        Model.load(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", np.random.default_rng(0).bytes(5000), b"[speech]\n"])
def test_files_that_are_no_models(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "odd.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"odd\.npz"):
        Model.load(path)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=tmp_path.name):
        Model.load(tmp_path)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.9999])
def test_a_file_that_was_cut_short(saved: Path, tmp_path: Path, share: float) -> None:
    whole = saved.read_bytes()
    (path := tmp_path / "short.npz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=r"short\.npz"):
        Model.load(path)


@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_damaged_bytes_is_an_error_or_the_same(saved: Path, tmp_path: Path, seed: int) -> None:
    rng, content = np.random.default_rng(seed), bytearray(saved.read_bytes())
    start = [0, len(content) // 2, len(content) - 2000][seed % 3]
    for place in rng.integers(start, min(start + 300, len(content)), 8):
        content[place] ^= int(rng.integers(1, 256))
    (path := tmp_path / "damaged.npz").write_bytes(bytes(content))
    with suppress(ModelError):
        found = Model.load(path)  # where only dates and the like were hit
        one, two = (model.bands["wide"].voices[0] for model in (found, builtin_model()))
        np.testing.assert_array_equal(one.voices, two.voices)


class Bomb:
    """Shows that pickles are not opened."""

    opened = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Bomb, "opened", True)


@pytest.mark.parametrize("name", ["format", "wide/features", "wide/voices_0_voices"])
def test_pickles_are_refused(tmp_path: Path, arrays: dict[str, Any], name: str) -> None:
    arrays[name] = np.array([Bomb()], dtype=object)
    np.savez(path := tmp_path / "pickled.npz", **arrays)
    with pytest.raises(ModelError, match=r"pickled\.npz"):
        Model.load(path)
    assert not Bomb.opened


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", np.array("diarize-model-99"), "not a model of this version"),
        ("format", None, "not a model of this version"),
        ("format", np.zeros((2, 3)), "not a model of this version"),
        ("wide/features", None, "no model for the full band"),
        ("wide/features", np.array("no json"), "not a model made by"),
        ("wide/features", np.array("[1, 2]"), "not a model made by"),
        ("wide/features", np.array(dumps({**asdict(FeatureConfig()), "n_mfcc": -1})), "n_mfcc"),
        ("wide/features", np.array(dumps({"unheard_of": 1})), "unheard_of"),
        ("wide/voices_0_voices", None, "voices"),
        ("wide/voices_members", None, "'wide/voices_members' is missing"),
        ("wide/voices_members", np.array(0), "'wide/voices_members' must be a whole number, at least 1, got 0"),
        ("wide/voices_0_voices", np.zeros((3, 3, 3)), "do not fit"),
        ("wide/voices_0_projection", np.array(7.0), "do not fit"),
        ("narrow/voices_0_centre", np.zeros(1), "do not fit"),
        ("wide/voices_0_background_means", np.array("x"), "no eigenvoice model"),
    ],
)
def test_files_of_another_making(tmp_path: Path, arrays: dict[str, Any], name: str, value: Any, message: str) -> None:
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    np.savez(path := tmp_path / "other.npz", **arrays)
    with pytest.raises(ModelError, match=message) as caught:
        Model.load(path)
    assert str(caught.value).count("other.npz") == 1


def test_models_of_different_features_do_not_mix(tmp_path: Path, arrays: dict[str, Any]) -> None:
    for key in [key for key in arrays if key.startswith("wide/voices_1_")]:
        del arrays[key]
    rng = np.random.default_rng(0)
    background = MixtureParameters(np.ones(1), rng.normal(size=(1, 3)), np.ones((1, 3))).astype(np.float32)
    other = EigenvoiceModel(background, rng.normal(size=(1, 3, 2)).astype(np.float32), np.zeros(2), np.eye(2))
    np.savez(path := tmp_path / "mixed.npz", **arrays, **other.arrays("wide/voices_1_"))
    with pytest.raises(ModelError, match="different features"):
        Model.load(path)
