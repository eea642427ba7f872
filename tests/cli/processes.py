"""Commands that end in processes of their own, all forked from one that has imported the program already."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_PROGRAM = """
import os, sys
from diarize.cli import main
for order in sys.argv[1:]:
    error, *arguments = order.split()
    child = os.fork()
    if not child:
        os.dup2(int(error), 2)
        sys.argv = ["diarize", *arguments]
        main()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(int(error), f"{code}".encode())
"""


class Ended(NamedTuple):
    """How a command ended, and what it wrote to standard error."""

    code: int
    error: str


def run_each(commands: list[list[str]], folder: Path, output: str) -> list[Ended]:
    """Run commands in a folder; `output` is what a shell says about standard output, such as >&-."""
    with tempfile.TemporaryDirectory() as elsewhere:
        names = [Path(elsewhere) / str(number) for number in range(len(commands))]
        files = [os.open(name, os.O_WRONLY | os.O_CREAT) for name in names]
        orders = [" ".join([str(file), *command]) for file, command in zip(files, commands, strict=True)]
        shell = ["sh", "-c", f'exec "$0" "$@" {output}', sys.executable, "-c", _PROGRAM]
        subprocess.run([*shell, *orders], cwd=folder, pass_fds=files, check=True, timeout=120)
        for file in files:
            os.close(file)
        written = [name.read_text(encoding="utf-8") for name in names]
    texts = [text.rpartition("\n") for text in written]
    return [Ended(int(code), f"{lines}{end}") for lines, end, code in texts]
