"""The rules of the house: who may import whom, what no module does, how large things get."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "diarize"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w.]+)` \|([^|]*)\|", PAGE, flags=re.MULTILINE)
ROOMS = {room: re.findall(r"`([\w.]+)`", cell) for room, cell in ROWS}
ONLY_IN = {"soundfile": "audio", "soxr": "audio", "librosa": "features", "hmmlearn": "hmm", "click": "cli"}
RANDOM_VALUES = {"Generator", "BitGenerator", "SeedSequence", "PCG64", "default_rng", "RandomState"}
MAX_MODULE, MAX_FUNCTION, MAX_ARGUMENTS = 350, 60, 7

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part(path: Path) -> str:
    """Return which part of the package a file belongs to: the module or subpackage right under it."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the full name of everything a module imports, at whatever place in it."""
    return frozenset(imported(path))


def imported(path: Path) -> Iterator[str]:
    package = ["diarize", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, node.module] if node.module else base)
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def module_name(path: Path) -> str:
    """Return a module's name without the package's: "gmm.engine.tiles", "gmm" for the face of a folder, "" for all."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {module_name(path): path for path in MODULES}


def own_imports(path: Path) -> set[str]:
    """Return the names of the package's modules that a module imports, wherever in it."""
    names = (name.partition(".") for name in imports(path))
    inside = {name for package, _, name in names if package == "diarize"}
    return {name if name in NAMES else name.rpartition(".")[0] for name in inside}


def room(module: str, level: int) -> str:
    """Return the room that a module is in: of the first level, or of the second where there is a table for that."""
    name = ".".join(module.split(".")[:level])
    return name if name in ROOMS else module.split(".")[0]


def arrows(level: int) -> dict[str, set[str]]:
    """Return for each room those that its modules import. On the second level only rooms of one folder count."""
    found: dict[str, set[str]] = {}
    for name, path in NAMES.items():
        here = room(name, level)
        for other in {room(imported, level) for imported in own_imports(path) if imported} - {here}:
            if level == 1 or (here != here.split(".")[0] != other and here.split(".")[0] == other.split(".")[0]):
                found.setdefault(here, set()).add(other)
    return found


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 100
    assert len(ROOMS) > 40


def test_every_module_has_a_room_and_every_room_a_module() -> None:
    inside = {room(name, level) for name in NAMES if name for level in (1, 2)}
    assert inside == set(ROOMS)


@pytest.mark.parametrize("level", [1, 2])
def test_rooms_import_what_the_page_says(level: int) -> None:
    for here, others in arrows(level).items():
        if here:  # the face of the package may hand on whatever is public
            assert others == set(ROOMS[here]), f"{here}: see docs/architecture.md"
    silent = {name for name in ROOMS if name.count(".") == level - 1} - set(arrows(level))
    assert not {name for name in silent if ROOMS[name]}


def test_no_arrow_runs_back_up() -> None:
    order = list(ROOMS)
    for here, others in ROOMS.items():
        assert all(order.index(other) < order.index(here) for other in others), here


def test_no_file_is_part_of_a_circle() -> None:
    """Faces only hand names on: an import of a folder's name counts as one of all that its face imports."""
    edges = {name: own_imports(path) - {name} for name, path in NAMES.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"circle: {' -> '.join([*above[above.index(name) :], name])}"
        if name not in done:
            for other in sorted(edges[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in NAMES:
        visit(name, ())


def test_the_toolkit_imports_nothing_of_the_rest() -> None:
    for name, path in NAMES.items():
        if name.split(".")[0] == "gmm":
            assert {other.split(".")[0] for other in own_imports(path)} <= {"gmm", "archive", "atomic"}, name


def test_annotations_know_nothing_of_the_rest() -> None:
    assert own_imports(NAMES["annotation"]) == set()


@pytest.mark.parametrize("library", ONLY_IN)
def test_each_library_has_one_home(library: str) -> None:
    homes = {part(path) for path in MODULES if any(name.split(".")[0] == library for name in imports(path))}
    assert homes <= {ONLY_IN[library]}


def forbidden(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Assert):
            yield f"{path}:{node.lineno}: assert"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"{path}:{node.lineno}: print"
        of_module = isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}
        if of_module and node.attr not in RANDOM_VALUES:
            yield f"{path}:{node.lineno}: np.random.{node.attr}"
    for name in {name.split(".")[0] for name in imports(path)} & {"random", "pickle"}:
        yield f"{path}: import of {name}"


def test_no_print_no_assert_no_global_randomness() -> None:
    assert [fault for path in MODULES for fault in forbidden(path)] == []


def too_large(path: Path) -> Iterator[str]:
    module = tree(path)
    documented = sum(docstring_lines(node) for node in ast.walk(module) if isinstance(node, Documented))
    if len(path.read_text(encoding="utf-8").splitlines()) - documented > MAX_MODULE:
        yield f"{path}: more than {MAX_MODULE} lines"
    for node in ast.walk(module):
        if isinstance(node, Function):
            if code_lines(node) > MAX_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {code_lines(node)} lines"
            if not is_command(node) and n_arguments(node) > MAX_ARGUMENTS:
                yield f"{path}:{node.lineno}: {node.name} takes {n_arguments(node)} arguments"


def test_nothing_gets_too_large() -> None:
    assert [fault for path in MODULES for fault in too_large(path)] == []


def docstring_lines(node: Documented) -> int:
    """Return how many lines the docstring of a module, class or function takes, 0 where there is none."""
    if ast.get_docstring(node) is None:
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def code_lines(node: Function) -> int:
    """Return the length of a function in lines, its docstring not counted."""
    return (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)


def n_arguments(node: Function) -> int:
    """Return how many arguments a call may give by position; those that need their name cannot be mixed up."""
    names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    return len([name for name in names if name not in {"self", "cls"}])


def is_command(node: Function) -> bool:
    """Tell whether a function is a command, whose arguments are the options of the command line."""
    return any(ast.unparse(decorator).endswith(".command()") for decorator in node.decorator_list)


def files_of_tests(path: Path) -> list[Path]:
    """Return where tests of a module may be: of a/b.py in tests/a/test_b.py or, of a whole a, in tests/test_a.py."""
    inside = path.relative_to(PACKAGE)
    stem = inside.parent.name if inside.name == "__init__.py" else inside.stem.strip("_")
    candidates = [inside.with_name(f"test_{stem}.py"), Path(f"test_{part(path)}.py")]
    if inside.name == "__init__.py":
        candidates = [inside.with_name("test_init.py"), Path(f"test_{stem or 'package'}.py")]
    return [ROOT / "tests" / candidate for candidate in candidates]


def test_every_module_with_code_has_tests() -> None:
    with_code = [path for path in MODULES if any(isinstance(node, Function) for node in ast.walk(tree(path)))]
    assert len(with_code) > 100
    assert [path for path in with_code if not any(file.is_file() for file in files_of_tests(path))] == []


def text_files() -> Iterator[Path]:
    folders = ("diarize", "tests", "configs", "docs", "benchmarks", "audio_samples", ".ci")
    candidates = [*ROOT.iterdir(), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    for path in candidates:
        binary = {".flac", ".npz", ".wav", ".ogg", ".png", ".pyc", ".gz"}
        if path.is_file() and path.suffix not in binary and path.name != ".git" and "__pycache__" not in path.parts:
            yield path


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    private = re.compile(rb"(?<![\w./])/(?:work|root|home)(?=/)")
    for path in text_files():
        assert not private.search(path.read_bytes()), path


PAGES_OF_HELP = [[], ["run"], ["score"], ["validate"], ["config"], ["config", "show"], ["train"], ["combine"], ["tune"]]
PAGES_OF_HELP += [
    ["label"],
    ["convert"],
    ["correct"],
    ["checks"],
    ["separate"],
    ["plot"],
    ["report"],
    ["edit"],
    ["stats"],
]
PAGES_OF_HELP += [["gmm"], ["gmm", "segment"], ["gmm", "background"]]


def test_help_imports_nothing_heavy() -> None:
    """One process for all pages: what one has imported stays."""
    code = (
        "import sys\n"
        "from diarize.cli import main\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'librosa', 'soundfile', 'soxr', 'numba', 'hmmlearn'}\n"
        f"for arguments in {PAGES_OF_HELP!r}:\n"
        "    sys.argv = ['diarize', *arguments, '--help']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        print(arguments, end.code, sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.stderr.splitlines() == [f"{arguments} 0 []" for arguments in PAGES_OF_HELP]
    assert result.stdout.count("Usage: ") == len(PAGES_OF_HELP)
    assert result.returncode == 0
