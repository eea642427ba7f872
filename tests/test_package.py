"""What a user gets: the names of the package, and everything it needs inside the wheel."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import diarize
from diarize.config import CONFIG_NAMES

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_public_name_is_there() -> None:
    for name in diarize.__all__:
        assert getattr(diarize, name) is not None
    assert set(diarize.__all__) <= set(dir(diarize))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Diariser'"):
        diarize.Diariser  # noqa: B018


def test_the_import_is_light() -> None:
    code = "import sys, diarize; print(sorted({'numpy', 'scipy', 'librosa', 'soundfile', 'click'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[]"


def test_every_dependency_is_imported_by_the_package() -> None:
    """Nobody installs what is never used."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "diarize").rglob("*.py"))
    for requirement in PROJECT["dependencies"]:
        name = requirement.partition(">")[0]
        module = {"scikit-learn": "sklearn"}.get(name, name)
        assert f"import {module}" in sources or f"from {module}" in sources, name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without network."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs the build backend hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    result = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_what_is_needed_at_run_time(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"diarize/configs/{name}.toml" for name in CONFIG_NAMES} <= set(names)
    assert "diarize/py.typed" in names
    assert "diarize/models/CARD.md" in names
    assert any(name.startswith("diarize/models/") and name.endswith(".npz") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "diarize").rglob("*.py")}
    assert modules == {name for name in names if name.endswith(".py")}


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            assert item.filename.startswith(("diarize/", "gmm_diarize-")), item.filename
            assert "__pycache__" not in item.filename
        assert sum(item.file_size for item in archive.infolist()) < 20e6


def test_the_wheel_makes_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "diarize = diarize.cli:main" in archive.read(name).decode()


def test_configurations_are_found_inside_an_installed_package(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import diarize; print(diarize.__file__); print(diarize.load_config('telephone').band)"
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    where, band = result.stdout.splitlines()
    assert Path(where).parent == tmp_path / "diarize"
    assert band == "narrow"
