"""Voice files: what is in them, what comes back, what is forgotten; damage is said in one line."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.errors import FormatError, ModelError
from diarize.voices import Voices
from tests.voices.conftest import heard

MODELS = {"wide": "0123", "narrow": "4567"}


@pytest.fixture
def voices() -> Voices:
    return Voices({"anna": (heard(0), heard(1, 7.5, ("narrow",))), "Żółw, Ben": (heard(2),)}, MODELS)


@pytest.fixture
def path(tmp_path: Path, voices: Voices) -> Path:
    voices.save(tmp_path / "voices.npz")
    return tmp_path / "voices.npz"


def changed(path: Path, **arrays: Any) -> Path:
    """Write the file again with other arrays; None leaves one out."""
    with np.load(path) as file:
        all_arrays = {name: file[name] for name in file.files}
    all_arrays |= {name.replace("__", "/"): value for name, value in arrays.items()}
    np.savez(path, **{name: value for name, value in all_arrays.items() if value is not None})
    return path


def test_all_comes_back(path: Path, voices: Voices) -> None:
    back = Voices.load(path)
    assert back.names == voices.names
    assert back.models == MODELS
    for name in voices.names:
        for one, other in zip(voices.people[name], back.people[name], strict=True):
            assert one.seconds == other.seconds
            assert list(one.bands) == list(other.bands)
            for band in one.bands:
                for row, again in zip(one.bands[band], other.bands[band], strict=True):
                    assert np.array_equal(row.counts, again.counts)
                    assert np.array_equal(row.projected, again.projected)


def test_nobody_is_a_file_as_well(tmp_path: Path) -> None:
    Voices().save(tmp_path / "none.npz")
    assert Voices.load(tmp_path / "none.npz").names == []


def test_nothing_but_sums_is_kept(path: Path) -> None:
    with np.load(path) as file:
        assert sorted(file.files) == sorted(
            ["format", "names", "person", "seconds"]
            + [f"{band}/{name}" for band in MODELS for name in ("model", "rows", "counts", "projected")]
        )
        assert file["wide/counts"].shape == (2, 2, 3)
        assert file["narrow/projected"].shape == (3, 2, 2)


def test_who_is_removed_is_in_no_file_any_more(path: Path) -> None:
    Voices.load(path).remove("anna").save(path)
    with np.load(path) as file:
        assert file["names"].tolist() == ["Żółw, Ben"]
        assert len(file["wide/counts"]) == len(file["narrow/counts"]) == 1
        assert file["wide/counts"][0, 0] == pytest.approx(heard(2).bands["wide"][0].counts[0])
    assert [item.name for item in path.parent.iterdir()] == ["voices.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others")
def test_a_new_file_is_its_owners_and_an_old_one_keeps_its_readers(path: Path, voices: Voices) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    voices.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "arrays",
    [
        {"format": None},
        {"format": np.array("diarize-voices-9")},
        {"names": np.array(["anna", "anna"])},
        {"person": np.array([0, 0, 7])},
        {"seconds": np.array([1.0, np.nan, 1.0])},
        {"seconds": np.array([1.0])},
        {"wide__rows": np.array([0, 3])},
        {"wide__counts": np.zeros((1, 2, 3), np.float32)},
        {"wide__counts": -np.ones((2, 2, 3), np.float32)},
        {"narrow__projected": np.full((3, 2, 2), np.inf, np.float32)},
        {"narrow__projected": None},
    ],
    ids=str,
)
def test_damage_is_said(path: Path, arrays: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"voices\.npz: not a voice file"):
        Voices.load(changed(path, **arrays))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ModelError, match="not a voice file"):
        Voices.load(tmp_path / "text.npz")
    with pytest.raises(ModelError, match="no such voice file"):
        Voices.load(tmp_path / "missing.npz")
    with pytest.raises(FormatError, match="cannot write"):
        Voices().save(tmp_path / "missing" / "voices.npz")
