"""Machine code is kept where a user without a home and with read-only packages can write, or nowhere; all still runs.

What must not be written to is a file in place of a folder, so that not even an administrator can write into it.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import diarize
from diarize.gmm.engine import cache

PACKAGE = Path(diarize.__file__).parent
LOGGED = "import logging; logging.basicConfig(format='%(message)s', level=logging.INFO)\n"
WORK = """
from diarize.hmm import SpeakerLoop, forward_backward
print(forward_backward([[0.0, -1.0]], SpeakerLoop([0.5, 0.5], 0.9)).log_evidence)
import diarize.hmm.recursions.speaker_loop as kernels
print(kernels.forward.stats.cache_path)
"""
EVIDENCE = -0.3798854930417225  # log((1 + 1 / e) / 2)
needs_posix = pytest.mark.skipif(os.name != "posix", reason="folders of temporary files are found otherwise there")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a copy of the package in which no machine code can be kept."""
    copy = tmp_path / "site" / "diarize"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "models"))
    for folder in ("gmm/engine", "hmm/recursions"):
        (copy / folder / "__pycache__").write_text("")
    (tmp_path / "blocked").write_text("")
    (tmp_path / "temporary").mkdir()
    return copy.parent


def run(site: Path, code: str) -> tuple[str, str]:
    """Return what some code printed and what was logged."""
    blocked, temporary = site.parent / "blocked", site.parent / "temporary"
    places = dict.fromkeys(["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"], str(blocked))
    variables = {**os.environ, **places, "PYTHONPATH": str(site), "NUMBA_CACHE_DIR": "", "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", LOGGED + code],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@needs_posix
def test_a_folder_of_temporary_files_is_used_again(site: Path) -> None:
    printed, logged = run(site, WORK)
    evidence, folder = printed.split()
    assert float(evidence) == pytest.approx(EVIDENCE, rel=1e-12)
    kept = site.parent / "temporary" / f"diarize-{os.getuid()}"
    assert Path(folder).is_relative_to(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700  # nobody else may put in what is run
    assert logged.count("for the first time on this machine") == 1
    assert run(site, WORK) == (printed, "")


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Have this process look for its folders where none can be made, temporary ones aside; return what chooses."""
    import numba

    (tmp_path / "blocked").write_text("")
    (tmp_path / "__pycache__").write_text("")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "blocked"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    cache.choose_cache_folder.cache_clear()

    def choice() -> str:
        cache.choose_cache_folder()
        return str(numba.config.CACHE_DIR)

    yield choice
    cache.choose_cache_folder.cache_clear()


@needs_posix
def test_a_folder_of_temporary_files_is_chosen(choose: Callable[[], str], tmp_path: Path) -> None:
    """What the next test puts in the way is all that hinders it there."""
    assert choose() == str(tmp_path / f"diarize-{os.getuid()}")


@needs_posix
@pytest.mark.parametrize("kind", ["file", "open to others", "link"])
def test_without_any_folder_nothing_is_chosen_and_that_is_said_once(
    choose: Callable[[], str], tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    kept = tmp_path / f"diarize-{os.getuid()}"
    if kind == "file":
        kept.write_text("")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        kept.symlink_to(tmp_path / "elsewhere")
    else:
        kept.mkdir()
        kept.chmod(0o777)
    assert choose() == choose() == ""
    assert caplog.text.count("set NUMBA_CACHE_DIR") == 1
