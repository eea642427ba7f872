"""Whether recordings give the same bytes as before: hashes of their RTTM, written to a list or compared with one.

    python benchmarks/same_bytes.py FOLDER... -o HASHES.json
    python benchmarks/same_bytes.py FOLDER... --check HASHES.json

Each FOLDER, and the folders right in it, hold recordings. Each is diarized with the built-in speech detection and,
where NAME.rttm lies beside it, with the speech marks of that file. `benchmarks/hashes.json` is the list of the samples
and of the development recordings:

    python benchmarks/same_bytes.py audio_samples ../shared/recordings/dev --check benchmarks/hashes.json

The list names the platform that it was made on. Another processor or another version of numpy may add numbers in
another order, so that their last digits differ, and with them now and then a boundary. There, make a list with the
version before the change first. Recordings of the list that are in none of the folders are left out. The exit code is 1
when anything differs.
"""

from __future__ import annotations

import hashlib
import json
import platform
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from diarize import Annotation, Diarizer, DiarizeWarning

SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
LIBRARIES = ("numpy", "scipy", "numba", "soundfile", "soxr")


def recordings(folders: tuple[Path, ...]) -> dict[str, Path]:
    """Return the recordings in folders and in the folders right in them, by folder and file name."""
    paths = {path for folder in folders for pattern in ("*", "*/*") for path in folder.glob(pattern)}
    return {f"{path.parent.name}/{path.name}": path for path in sorted(paths) if path.suffix.lower() in SOUNDS}


def digest(annotation: Annotation) -> str:
    """Return the first half of the SHA-256 of the RTTM, 32 digits."""
    return hashlib.sha256(annotation.to_rttm().encode()).hexdigest()[:32]


def hashes(recordings: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield what was diarized and the hash of its RTTM; for an error what it says."""
    diarizer = Diarizer()
    for name, path in recordings.items():
        reference = path.with_suffix(".rttm")
        for marks in ("own", "given") if reference.exists() else ("own",):
            speech = Annotation.read(reference).speech() if marks == "given" else None
            yield f"{name} {marks}", digest(diarizer(path, speech=speech))


def differences(before: dict[str, str], now: dict[str, str], names: set[str]) -> list[str]:
    """Return a line for each result that changed, came or went; `names` are the recordings that were looked for."""
    lines = [f"{key}: no longer a result" for key in before if key.split(" ")[0] in names and key not in now]
    lines += [f"{key}: not in the list" for key in now if key not in before]
    return lines + [f"{key}: {before[key]} -> {value}" for key, value in now.items() if before.get(key, value) != value]


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    details = Path("/proc/cpuinfo")
    lines = details.read_text(encoding="utf-8").splitlines() if details.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def this_platform() -> dict[str, str]:
    """Return what last digits depend on."""
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the list.")
@click.option("--check", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with this list.")
def main(folders: tuple[Path, ...], output: Path | None, check: Path | None) -> None:
    if (output is None) == (check is None):
        raise click.UsageError("give either -o HASHES.json to write a list or --check HASHES.json to compare with one")
    warnings.simplefilter("ignore", DiarizeWarning)
    sounds, now = recordings(folders), {}
    for key, value in hashes(sounds):
        click.echo(f"{value}  {key}", err=True)
        now[key] = value
    if output is not None:
        output.write_text(json.dumps({"platform": this_platform(), "hashes": now}, indent=1) + "\n", encoding="utf-8")
    if check is not None:
        compare(json.loads(check.read_text(encoding="utf-8")), now, set(sounds))


def compare(listed: dict[str, dict[str, str]], now: dict[str, str], names: set[str]) -> None:
    """Print what differs from a list and end with exit code 1 if anything does."""
    lines = differences(listed["hashes"], now, names)
    for line in lines:
        click.echo(line)
    here = this_platform()
    others = {name: value for name, value in listed["platform"].items() if here.get(name) != value}
    if lines and others:
        there = ", ".join(f"{name} {value}" for name, value in others.items())
        click.echo(f"The list is from another platform ({there}): last digits may differ for that reason alone.")
    click.echo(f"{len(now)} results, {len(lines)} differ")
    if lines:
        click.get_current_context().exit(1)


if __name__ == "__main__":
    main()
