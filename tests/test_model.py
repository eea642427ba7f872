"""Model files: written and read again the same, and every file that is none refused with its path."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.config import FeatureConfig
from diarize.errors import FormatError, ModelError
from diarize.features import FilterBank, Spectrum, mel_spectrum, speech_cues, voice_features
from diarize.gmm import MixtureParameters
from diarize.model import BANDS, Model, builtin_model
from diarize.stages.overlap import OverlapModel
from diarize.stages.sessions import SessionModel
from diarize.stages.speakers import EigenvoiceModel
from diarize.stages.speech import SpeechDetector, SpeechModel


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
    spectrum = mel_spectrum([noise], FeatureConfig())
    for band in builtin_model().bands.values():
        likelihoods = band.speech.log_likelihood(speech_cues(spectrum.lowest(band.features.n_mels)))
        assert likelihoods.shape == (len(spectrum), 2)
        assert np.isfinite(likelihoods).all()


def test_saved_and_read_again_a_model_says_the_same(saved: Path) -> None:
    model, again = builtin_model(), Model.load(saved)
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    spectrum = mel_spectrum([noise], FeatureConfig())
    for name in BANDS:
        one, two = model.bands[name], again.bands[name]
        assert one.features == two.features
        for first, second in zip(one.voices, two.voices, strict=True):
            np.testing.assert_array_equal(first.voices, second.voices)
            np.testing.assert_array_equal(first.projection, second.projection)
        cues = speech_cues(spectrum.lowest(one.features.n_mels))
        likelihoods = [band.speech.log_likelihood(cues) for band in (one, two)]
        np.testing.assert_array_equal(likelihoods[0], likelihoods[1])


def test_the_shipped_filters_are_those_that_librosa_designs() -> None:
    designed = FilterBank.design(builtin_model().bands["wide"].features)
    # processors differ in the last digit
    np.testing.assert_allclose(builtin_model().filters.weights, designed.weights, rtol=1e-6)
    np.testing.assert_allclose(builtin_model().filters.edges, designed.edges, rtol=1e-12)


def test_a_model_without_filters_gets_them_designed(tmp_path: Path, arrays: dict[str, Any]) -> None:
    del arrays["filters/weights"], arrays["filters/edges"]
    np.savez(path := tmp_path / "older.npz", **arrays)
    np.testing.assert_allclose(Model.load(path).filters.weights, builtin_model().filters.weights, rtol=1e-6)


def test_saving_twice_gives_the_same_arrays(saved: Path, tmp_path: Path, arrays: dict[str, Any]) -> None:
    Model.load(saved).save(tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz", allow_pickle=False) as file:
        again = dict(file)
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])


def test_a_model_may_have_the_full_band_only(tmp_path: Path) -> None:
    Model({"wide": builtin_model().bands["wide"]}, builtin_model().filters).save(tmp_path / "wide.npz")
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
        model = Model.load(path)  # where only dates and the like were hit
        one, two = (each.bands["wide"].voices[0] for each in (model, builtin_model()))
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
    arrays |= other.arrays("wide/voices_1_")
    np.savez(path := tmp_path / "mixed.npz", **arrays)
    with pytest.raises(ModelError, match="different features"):
        Model.load(path)


# -- files that were made to do harm --------------------------------------------------------------------------------

FRAMES, CELLS = 29, 131  # columns of the speech detector and of the overlap model
FILTERS = FilterBank.design(FeatureConfig())
COUNTS = ("wide/speech_members", "wide/speech_0_n_mels", "wide/voices_members")


def mixture(n_features: int, seed: int) -> MixtureParameters:
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(2, n_features)).astype(np.float32)
    return MixtureParameters(np.full(2, 0.5, np.float32), means, np.ones((2, n_features), np.float32))


def test_voice_fingerprints_differ_where_sums_of_speech_would() -> None:
    model = builtin_model()
    band, own = model.bands["wide"], model.voice_fingerprints()
    first = band.voices[0]
    moved = replace(band, voices=(replace(first, voices=first.voices + np.float32(1e-3)), *band.voices[1:]))
    calmer = replace(band, voices=(replace(first, sessions=None), *band.voices[1:]))
    other, same = (Model({**model.bands, "wide": one}, model.filters) for one in (moved, calmer))
    assert own == Model(model.bands, model.filters).voice_fingerprints()
    assert own["wide"] != own["narrow"] == other.voice_fingerprints()["narrow"]
    assert other.voice_fingerprints()["wide"] != own["wide"]
    assert same.voice_fingerprints() == own  # known voices stay known,
    assert same.fingerprint() != model.fingerprint()  # and what stands on all of it does not


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Return the arrays of a model with two Gaussians in each mixture."""
    rng = np.random.default_rng(0)
    voices = rng.normal(size=(2, 16, 3)).astype(np.float32)
    sessions = SessionModel(np.diag([0.7, 0.5, 0.3]), np.full((3, 3), 0.2) + np.eye(3))
    member = SpeechModel(mixture(FRAMES, 0), mixture(FRAMES, 1), mixture(FRAMES, 2), mixture(FRAMES, 3), 40)
    overlap = OverlapModel(np.zeros(CELLS, np.float32), np.ones((CELLS, 1), np.float32), mixture(1, 5), mixture(1, 6))
    return {
        "format": np.array("diarize-model-2"),
        "wide/features": np.array(dumps(asdict(FeatureConfig()))),
        "wide/voices_members": np.array(1),
        "filters/weights": FILTERS.weights,
        "filters/edges": FILTERS.edges,
        **SpeechDetector((member,)).arrays("wide/speech_"),
        **EigenvoiceModel(mixture(16, 4), voices, np.zeros(3), np.eye(3), sessions).arrays("wide/voices_0_"),
        **overlap.arrays("wide/overlap_"),
    }


def loaded(arrays: dict[str, Any], folder: Path) -> Model:
    np.savez(path := folder / "model.npz", **arrays)
    return Model.load(path)


@cache
def analysed(features: FeatureConfig) -> Spectrum:
    """Return the spectrum of a second of noise."""
    return mel_spectrum([np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)], features)


def use(model: Model) -> None:
    """Do with a model what diarization does."""
    band = model.bands["wide"]
    spectrum = analysed(band.features)
    model.band_of(spectrum)
    cues = speech_cues(spectrum)
    band.speech.adapt(cues, np.arange(len(spectrum)) % 2 == 0).log_likelihood(cues)
    x = voice_features(spectrum.log_mel, np.ones(len(spectrum), np.bool_), band.features)
    for voices in band.voices:
        statistics = voices.statistics(x, np.array([0, 40, len(x)]))
        voices.embed(statistics, 2)
        speakers = voices.posterior(statistics, np.eye(2), 0.1, 1.0)
        if voices.sessions is not None:
            of_speaker = voices.sessions.of_speaker(*voices.naturals(statistics, 0.1))
            voices.sessions.joining_gains(*of_speaker, np.array([[0, 1]]))
        evidence = voices.evidence(x, np.append(np.arange(0, len(x), 5), len(x)), speakers)
        if band.overlap is not None:
            band.overlap.log_odds(cues.frames, evidence, np.arange(len(spectrum)) // 50, 0.01)


def test_the_tiny_model_works(tiny: dict[str, Any], tmp_path: Path) -> None:
    use(loaded(tiny, tmp_path))


CHANGES: dict[str, Callable[[Any], Any]] = {
    "missing": lambda array: None,
    "objects": lambda array: np.array([{}], dtype=object),
    "text": lambda array: np.array("x"),
    "texts": lambda array: np.full(array.shape or 2, "x"),
    "bytes": lambda array: np.array(b"diag"),
    "complex": lambda array: np.ones(array.shape, complex),
    "dates": lambda array: np.zeros(array.shape, "M8[s]"),
    "records": lambda array: np.zeros(array.shape, [("a", float)]),
    "truth": lambda array: np.ones(array.shape, np.bool_),
    "empty": lambda array: np.zeros((0,) * max(array.ndim, 1)),
    "one axis more": lambda array: array[None],
    "flat": lambda array: array.reshape(-1),
    "turned": lambda array: array.T.copy(),
    "shorter": lambda array: array[:-1] if array.ndim else array,
    "longer": lambda array: np.concatenate([array, array]) if array.ndim else array,
} | {
    f"all {value}": lambda array, value=value: np.full(array.shape, value)
    for value in (np.nan, np.inf, -np.inf, 1e300, 1e30, -1.0, 0.0, 0.5, 1e-300, -3, 2**62)
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_array_is_an_error_of_the_model_or_works(tiny: dict[str, Any], tmp_path: Path, change: str) -> None:
    refused = 0
    for name, array in tiny.items():
        changed = CHANGES[change](array)
        arrays = {key: value for key, value in tiny.items() if key != name}
        model = None
        with suppress(ModelError):
            model = loaded(arrays if changed is None else arrays | {name: changed}, tmp_path)
        if model is None:
            refused += 1
        else:
            use(model)
    assert refused


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 1e30])
def test_one_wrong_number_is_enough(tiny: dict[str, Any], tmp_path: Path, value: float) -> None:
    for name, array in tiny.items():
        if array.dtype.kind == "f":
            changed = array.astype(np.float64)
            changed.flat[-1] = value
            with pytest.raises(ModelError, match=r"model\.npz: .*(finite|no numbers|beyond|weights must)"):
                loaded(tiny | {name: changed}, tmp_path)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e300, 1.0, 0, -1, True, "3", [1], [[]]])
def test_counts_are_whole_numbers(tiny: dict[str, Any], tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ModelError, match=rf"model\.npz: '{name}' must be a whole number, at least 1, got "):
        loaded(tiny | {name: np.array(value)}, tmp_path)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [2, 41, 2**62, 2**64 - 1])
def test_counts_of_what_is_not_there(tiny: dict[str, Any], tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(ModelError, match=r"missing|no .* model under|different features"):
        loaded(tiny | {name: np.array(value)}, tmp_path)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "1" * 5000, '{"n_mels": 1e400}', '{"n_mels": NaN}', '{"n_mels": 1e300}', '{"n_mels": 40.0}']
)
def test_settings_that_are_none(tiny: dict[str, Any], tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"model\.npz: not a model made by"):
        loaded(tiny | {"wide/features": np.array(text)}, tmp_path)


@pytest.mark.parametrize(
    "change", [{"n_mels": 41}, {"n_mfcc": 15}, {"c0": True}, {"deltas": 1}], ids=lambda change: next(iter(change))
)
def test_settings_that_the_models_do_not_fit(tiny: dict[str, Any], tmp_path: Path, change: dict[str, Any]) -> None:
    text = dumps(asdict(FeatureConfig()) | change)
    with pytest.raises(ModelError, match="models of the wide band are for different features than its settings"):
        loaded(tiny | {"wide/features": np.array(text)}, tmp_path)


def test_voices_that_are_out_of_this_world(tiny: dict[str, Any], tmp_path: Path) -> None:
    name = "wide/voices_0_voices"
    with pytest.raises(ModelError, match="move means by 1000 standard deviations, more than 100"):
        loaded(tiny | {name: np.full_like(tiny[name], 1000.0)}, tmp_path)


def test_a_bomb_is_not_unpacked(tiny: dict[str, Any], tmp_path: Path) -> None:
    """Neither one that no model needs nor one in the place of an array that it does."""
    for name in ("unheard_of", "wide/voices_0_voices"):
        np.savez_compressed(path := tmp_path / "bomb.npz", **tiny | {name: np.zeros(8 << 20)})
        with pytest.raises(ModelError, match=r"bomb\.npz: .*it unpacks to 67 MB; a file of 0\.1 MB may unpack to 17"):
            Model.load(path)


def test_what_no_model_needs_is_not_even_read(tiny: dict[str, Any], tmp_path: Path) -> None:
    assert loaded(tiny | {"unheard_of": np.array([{}], dtype=object)}, tmp_path).bands.keys() == {"wide"}
