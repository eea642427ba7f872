"""The committed page is what its source gives, and the source passes its own tests; both need Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
node = shutil.which("node")
needs_node = pytest.mark.skipif(node is None, reason="needs Node 20 or later")


@needs_node
def test_a_build_gives_the_same_bytes(tmp_path: Path) -> None:
    if not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs esbuild (npm ci in web/)")
    subprocess.run([str(node), "build.mjs", str(tmp_path / "page.html")], cwd=WEB, check=True, capture_output=True)
    committed = resources.files("diarize.report").joinpath("page.html").read_bytes()
    assert (tmp_path / "page.html").read_bytes() == committed, "run `make page` and commit the result"


@needs_node
def test_the_source_passes_its_tests() -> None:
    files = sorted(str(path) for path in (WEB / "test").glob("*.test.mjs"))
    assert len(files) > 2
    result = subprocess.run([str(node), "--test", *files], cwd=WEB, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    text = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in text
    packages = {name: item for name, item in json.loads(text)["packages"].items() if name}
    assert all(item["integrity"].startswith("sha512-") for item in packages.values())
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
