"""`diarize voices`: the table, other names, forgetting."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main
from diarize.voices import Voices
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


def test_nobody_is_forgotten_unless_all_are_known(path: str) -> None:
    outcome = voices("remove", path, "anna", "eve")
    assert (outcome.exit_code, outcome.stderr) == (
        1,
        "diarize: error: nobody is called 'eve' (known: a stranger)\n",
    )
    assert Voices.load(path).names == ["anna", "a stranger"]
    assert voices("rename", path, "anna", "a stranger").exit_code == 1
    assert "no such voice file" in voices("list", "missing.npz").stderr
