"""The documentation tells the truth: code runs, commands and options exist and are described, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from diarize.annotation import Annotation
from diarize.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI_PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "audio_samples" / "README.md", *(ROOT / "docs").glob("*.md")]


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of a language in a Markdown text."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(command: click.Command, path: str = "diarize") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something with its full name, groups included."""
    if path != "diarize":
        yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}")


COMMANDS = dict(commands(main))


def section(page: str, title: str) -> str:
    """Return what stands under a heading, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks(README, "python")
    shutil.copytree(ROOT / "audio_samples", tmp_path / "audio_samples")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    written = Annotation.from_rttm(tmp_path / "meeting.rttm")
    assert len(written.labels) == 4
    assert capsys.readouterr().out.count("\n") == len(written) + 1


def test_the_page_on_mixtures_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in blocks((ROOT / "docs" / "mixtures.md").read_text(encoding="utf-8"), "python"):
        exec(compile(example, "mixtures.md", "exec"), names)
    truth, found = names["states"], names["found"]
    assert isinstance(truth, np.ndarray)
    assert isinstance(found, np.ndarray)
    same = truth[:, None] == truth
    assert (same == (found[:, None] == found)).mean() > 0.97


def test_the_page_on_commands_names_all_of_them_and_no_others() -> None:
    described = re.findall(r"^#+ (diarize .+)$", CLI_PAGE, flags=re.MULTILINE)
    assert sorted(described) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_and_every_described_option_exists(name: str) -> None:
    context = click.Context(COMMANDS[name], parent=main.make_context("diarize", [], resilient_parsing=True))
    options = [item for item in COMMANDS[name].get_params(context) if isinstance(item, click.Option)]
    rows = [line.split("|")[1] for line in section(CLI_PAGE, name).splitlines() if line.startswith("| `-")]
    described = {word for row in rows for word in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row)}
    assert described == {word for option in options for word in [*option.opts, *option.secondary_opts]}


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "cli.md"], ids=lambda page: page.name)
def test_commands_in_examples_exist_and_take_their_options(page: Path) -> None:
    lines = [line for block in blocks(page.read_text(encoding="utf-8"), "") for line in block.splitlines()]
    examples = [line.split(">")[0] for line in lines if re.match(r"diarize [^\[]+$", line)]
    assert examples
    for example in examples:
        words = shlex.split(example)[1:]
        command: click.Command = main
        context = click.Context(main, info_name="diarize")
        while isinstance(command, click.Group):
            inner = command.get_command(context, words[0])
            assert inner is not None, example
            command, words = inner, words[1:]
        command.make_context("example", words, parent=context)  # parses the words and raises on unknown options


def test_every_configuration_named_in_the_examples_is_shipped() -> None:
    from diarize.config import CONFIG_NAMES

    named = re.findall(r"--config (\w+)|config show (\w+)|config=\"(\w+)\"", README)
    assert {name for names in named for name in names if name} <= set(CONFIG_NAMES)


def test_the_checks_run_the_readme_s_test_command() -> None:
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "python -m pytest -n auto" in README.splitlines()
    assert "python -m pytest -n auto" in checks
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_dois_are_well_formed_and_lead_to_what_they_say() -> None:
    for page in PAGES:
        for label, target in re.findall(r"\[doi:([^\]]+)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert re.fullmatch(r"10\.\d{4,}/\S+", label)
            assert target == f"https://doi.org/{label}"


def test_equations_are_numbered_in_order_and_the_code_cites_existing_ones() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"\\tag\{(\d+)\}", text)]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in (ROOT / "diarize").rglob("*.py"):
        cited = re.findall(r"\beq(?:uation)?s?\.? \((\d+)\)", path.read_text(encoding="utf-8"), flags=re.IGNORECASE)
        assert {int(number) for number in cited} <= set(numbers), path


def test_no_placeholder_is_left() -> None:
    for page in PAGES:
        assert "TBD" not in page.read_text(encoding="utf-8"), page
