"""Each use of mixtures beside its anchor, in one run: the tables of all `uses_*.py` one after the other.

    python benchmarks/uses.py [--shared DIR] [NAME ...]

Where an anchor (PyOD, OpenCV) is not installed or data are missing, that table says so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
NAMES = sorted(path.stem.removeprefix("uses_") for path in HERE.glob("uses_*.py"))


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--shared", default=HERE.parents[1] / "shared", show_default=False, type=click.Path(path_type=Path))
def main(names: tuple[str, ...], shared: Path) -> None:
    """Print the tables of some uses, or of all."""
    failed = []
    for name in names or NAMES:
        click.echo(f"\n## {name}\n")
        command = [sys.executable, str(HERE / f"uses_{name}.py"), "--shared", str(shared)]
        if subprocess.run(command).returncode:
            failed.append(name)
    if failed:
        raise click.ClickException(f"no table of {', '.join(failed)}")


if __name__ == "__main__":
    main()
