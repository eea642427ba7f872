"""The documentation tells the truth: code runs, commands and options exist and are described, links lead somewhere."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from diarize.annotation import Annotation
from diarize.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI_PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
WHERE = ("docs", "docs/tutorials", "docs/api", "benchmarks", "audio_samples", "diarize/models")
FOLDERS = (ROOT, *(ROOT / name for name in WHERE))
SCRIPTS = sorted(path for folder in ("benchmarks", "docs", "audio_samples") for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted(path for folder in FOLDERS for path in folder.glob("*.md"))


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
    match = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


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


def test_the_first_command_prints_what_is_shown() -> None:
    (shown,) = blocks(README, "text")
    command = next(line for block in blocks(README, "") for line in block.splitlines() if line.startswith("diarize "))
    *words, sample = shlex.split(command)[1:]
    outcome = CliRunner().invoke(main, [*words, str(ROOT / sample), "--quiet"])
    lines = shown.splitlines()
    assert lines.pop() == "..."
    printed = outcome.output.splitlines()
    assert len(printed) > len(lines) > 2
    for expected, line in zip(map(str.split, lines), map(str.split, printed[: len(lines)]), strict=True):
        assert expected[:3] + expected[5:8] == line[:3] + line[5:8]
        numbers = [[float(fields[place]) for place in (3, 4, 8)] for fields in (expected, line)]
        assert np.allclose(*numbers, atol=0.05)  # last digits depend on the processor


def test_the_page_on_extending_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from diarize.formats import registry
    from diarize.gmm import covariance

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(registry, "FORMATS", registry.FORMATS)  # rows that the page adds are gone afterwards
    monkeypatch.setattr(covariance, "COVARIANCE_KINDS", dict(covariance.COVARIANCE_KINDS))
    examples = blocks((ROOT / "docs" / "extend.md").read_text(encoding="utf-8"), "python")
    assert len(examples) == 5
    for example in examples:
        assert "assert " in example
        exec(compile(example, "extend.md", "exec"), {})


def test_the_page_on_formats_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audio_samples").mkdir()
    shutil.copy(ROOT / "audio_samples" / "call.rttm", "audio_samples")
    (example,) = blocks((ROOT / "docs" / "formats.md").read_text(encoding="utf-8"), "python")
    exec(compile(example, "formats.md", "exec"), {})
    assert Annotation.read("call.TextGrid") == Annotation.read("all.csv")
    assert Annotation.read("call.srt").overlap() == []


def test_the_page_on_words_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks((ROOT / "docs" / "words.md").read_text(encoding="utf-8"), "python")
    exec(compile(example, "words.md", "exec"), {})
    assert "<v Ben>Not yet." in (tmp_path / "talk.vtt").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["stats.md", "progress.md", "scoring.md", "names.md"])
def test_pages_with_one_example_run(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks((ROOT / "docs" / page).read_text(encoding="utf-8"), "python")
    exec(compile(example, page, "exec"), {})


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


def test_the_page_on_hints_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audio_samples").mkdir()
    shutil.copy(ROOT / "audio_samples" / "dialogue.flac", "audio_samples")
    (example,) = blocks((ROOT / "docs" / "hints.md").read_text(encoding="utf-8"), "python")
    exec(compile(example, "hints.md", "exec"), {})


def test_the_page_on_channels_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks((ROOT / "docs" / "channels.md").read_text(encoding="utf-8"), "python")
    exec(compile(example, "channels.md", "exec"), {})


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


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *(ROOT / "docs" / name for name in ("cli.md", "stats.md", "names.md", "hints.md"))],
    ids=lambda page: page.name,
)
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


def recipes() -> dict[str, list[str]]:
    """Return the commands of each target of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([\w-]+):((?:\n\t.+)*)", text, flags=re.MULTILINE)
    return {name: commands.split("\n\t")[1:] for name, commands in targets}


def test_readme_makefile_and_checks_agree() -> None:
    assert "python -m pytest -n auto" in README.splitlines()
    assert recipes()["check"] == [".ci/run --here"]
    assert recipes()["test"] == ["python -m pytest -n auto"]
    steps = [*recipes()["lint"], *recipes()["types"], *recipes()["docs"], *recipes()["test"]]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-len(steps) :] == steps
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_contributors_are_sent_to_targets_and_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([\w-]+)`", text)) == set(recipes())
    named = re.findall(r"`((?:diarize|docs|tests|configs)/[\w./-]+)`", text)
    assert len(named) > 10
    for name in named:
        path = ROOT / name
        assert (path.parent if path.stem.endswith("NAME") else path).exists(), name


def test_the_index_links_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    targets = re.findall(r"\]\(([^)#\s]+)", index.read_text(encoding="utf-8"))
    linked = {(index.parent / target).resolve() for target in targets}
    pages = {*(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md"), ROOT / "CONTRIBUTING.md"}
    made = {page for page in pages if page.parent.name == "project"}  # by the site's build, which begins at index.md
    assert pages - made - {index, index.with_name("index.md")} <= linked


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


def cited_equations(text: str) -> set[int]:
    """Return the numbers of the equations that code cites: eq. (1), eq. (2) and (3), eq. (15) to (21)."""
    plain = re.sub(r"\s+(?:# )?", " ", text)
    pattern = r"\beq(?:uation)?s?\.? (\(\d+\)(?:(?:,| and| to) \(\d+\))*)"
    numbers: set[int] = set()
    for citation in re.findall(pattern, plain, flags=re.IGNORECASE):
        numbers |= {int(number) for number in re.findall(r"\d+", citation)}
        for first, last in re.findall(r"(\d+)\) to \((\d+)", citation):
            numbers |= set(range(int(first), int(last) + 1))
    return numbers


def test_citations_are_understood() -> None:
    text = "x = 1  # eq. (1)\n# As in equation (2), (3)\n# and (4), not 5; see eq. (15) to\n    (18)."
    assert cited_equations(text) == {1, 2, 3, 4, 15, 16, 17, 18}


def test_equations_are_numbered_in_order_and_the_code_cites_each_and_no_others() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"\\tag\{(\d+)\}", text)]
    assert numbers == list(range(1, len(numbers) + 1))
    cited = {path: cited_equations(path.read_text(encoding="utf-8")) for path in (ROOT / "diarize").rglob("*.py")}
    for path, some in cited.items():
        assert some <= set(numbers), path
    assert set().union(*cited.values()) == set(numbers)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_scripts_import_what_the_package_has(path: Path) -> None:
    """Scripts beside the package need packages and data that tests do not; what they take from the package is there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "diarize":
            module = import_module(node.module or "")
            for alias in node.names:
                assert hasattr(module, alias.name), f"{node.module}.{alias.name}"


def test_no_placeholder_is_left() -> None:
    for page in PAGES:
        assert "TBD" not in page.read_text(encoding="utf-8"), page
