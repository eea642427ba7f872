"""The tutorials: every block runs, in the order of the page; pictures are small; the reference has all names."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from diarize.cli import main

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
READERS = {"podcaster", "linguist", "call-centre", "researcher", "data-scientist", "corrections"}
WHOLE = pytest.param(ROOT / "docs" / "tutorials" / "researcher.md", "", marks=pytest.mark.slow)  # `tune` takes minutes
MAX_PICTURE = 150_000  # bytes


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return language and text of the fenced blocks; commands have none."""
    return re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def expanded(command: str) -> list[str]:
    """Return the words of a command as a shell in the present folder gives them to it."""
    words = shlex.split(command)
    return [name for word in words for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


def run_page(page: Path, leave_out: str = "") -> list[tuple[str, list[str], str]]:
    """Run the blocks of a page here but for a slow command; return language, what was printed and text of each."""
    names: dict[str, object] = {}
    done: list[tuple[str, list[str], str]] = []
    for language, text in blocks(page):
        printed: list[str] = []
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, page.name, "exec"), names)
            printed.append(out.getvalue())
        for command in [] if language else text.splitlines():
            program, *words = expanded(command)
            assert program == "diarize", command
            if words[0] == leave_out:
                continue
            outcome = CliRunner().invoke(main, words)
            assert outcome.exit_code == 0, f"{command}\n{outcome.output}"
            printed.append(outcome.output)
        done.append((language, printed, text))
    return done


def test_each_reader_has_a_tutorial() -> None:
    assert {page.stem for page in TUTORIALS} == READERS


@pytest.mark.parametrize(("page", "leave_out"), [*((page, "tune") for page in TUTORIALS), WHOLE])
def test_tutorials_run_and_print_what_they_show(
    page: Path, leave_out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "audio_samples", tmp_path / "audio_samples")
    (tmp_path / "docs" / "cookbook").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "cookbook" / "flowers.csv", tmp_path / "docs" / "cookbook")
    monkeypatch.chdir(tmp_path)
    printed = ""
    for language, outputs, text in run_page(page, leave_out):
        if language != "text":
            printed = "".join(outputs)
            continue
        written = [path.read_text(encoding="utf-8") for path in (*tmp_path.glob("*.csv"), *tmp_path.glob("*.srt"))]
        lines = [line.split() for line in "\n".join([printed, *written]).splitlines()]
        if lines:  # what `leave_out` would print is not there
            assert text.split("\n")[0].split() in lines, text


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name)
def test_pictures_are_small_and_shown_somewhere(picture: Path) -> None:
    assert picture.stat().st_size < MAX_PICTURE
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    assert any(f"images/{picture.name})" in page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("page", ["diarize", "gmm", "hmm"])
def test_the_reference_has_all_public_names(page: str) -> None:
    module = "diarize" if page == "diarize" else f"diarize.{page}"
    text = (ROOT / "docs" / "api" / f"{page}.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   (\w+)$", text, flags=re.MULTILINE)) | set(re.findall(r"`(\w+)`", text))
    public = set(import_module(module).__all__) - {"__version__"}
    assert public <= listed
    assert set(re.findall(r"^   (\w+)$", text, flags=re.MULTILINE)) <= public
