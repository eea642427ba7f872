"""`diarize voices`: the table, other names, forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result

from diarize.cli import main
from diarize.voices import Voiceprint, Voices
from tests.voices.conftest import heard


def voices(*words: str) -> Result:
    return CliRunner().invoke(main, ["voices", *words])


@pytest.fixture
def path(tmp_path: Path) -> str:
    people = {"anna": (heard(0, 20.04), heard(1, 5.0)), "a stranger": (heard(2, 61.5, ("narrow",)),)}
    Voices(people, {"wide": "1", "narrow": "2"}).save(tmp_path / "v.npz")
    return str(tmp_path / "v.npz")


def test_the_table(path: str) -> None:
    assert voices("list", path).stdout.splitlines() == [
        "name        recordings  seconds  bands",
        "anna                 2     25.0  wide narrow",
        "a stranger           1     61.5  narrow",
    ]


def test_other_names_and_forgetting(path: str) -> None:
    assert voices("rename", path, "a stranger", "Ben").exit_code == 0
    assert Voices.load(path).names == ["anna", "Ben"]
    assert voices("remove", path, "anna", "anna").exit_code == 0
    assert Voices.load(path).names == ["Ben"]


def test_nothing_of_a_person_is_left(path: str) -> None:
    before = _contents(path)
    lost = [np.float32(value).tobytes() for value in np.concatenate(_sums(Voices.load(path).people["anna"]))]
    kept = [np.float32(value).tobytes() for value in np.concatenate(_sums(Voices.load(path).people["a stranger"]))]
    assert all(value in before for value in [*lost, *kept])
    assert "anna".encode("utf-32-le") in before
    assert voices("remove", path, "anna").exit_code == 0
    after = _contents(path)
    assert not any(value in after for value in lost)
    assert all(value in after for value in kept)
    assert "anna".encode("utf-32-le") not in after
    assert np.float64(20.04).tobytes() not in after
    assert [file.name for file in Path(path).parent.iterdir()] == ["v.npz"]  # no backup, no temporary file


def test_nothing_is_left_where_the_disk_is_full(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: IO[bytes], **arrays: object) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    before = Path(path).read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full)
    assert voices("remove", path, "anna").exit_code == 1
    assert Path(path).read_bytes() == before
    assert [file.name for file in Path(path).parent.iterdir()] == ["v.npz"]


def _contents(path: str) -> bytes:
    """Return the bytes of a file, and of all that is packed in it."""
    with ZipFile(path) as archive:
        return b"".join([Path(path).read_bytes(), *(archive.read(name) for name in archive.namelist())])


def _sums(prints: Sequence[Voiceprint]) -> list[npt.NDArray[np.float32]]:
    rows = [row for heard in prints for several in heard.bands.values() for row in several]
    return [np.asarray(values).ravel() for row in rows for values in (row.counts, row.projected)]


def test_nobody_is_forgotten_unless_all_are_known(path: str) -> None:
    outcome = voices("remove", path, "anna", "eve")
    assert (outcome.exit_code, outcome.stderr) == (
        1,
        "diarize: error: nobody is called 'eve' (known: a stranger)\n",
    )
    assert Voices.load(path).names == ["anna", "a stranger"]
    assert voices("rename", path, "anna", "a stranger").exit_code == 1
    assert "no such voice file" in voices("list", "missing.npz").stderr
