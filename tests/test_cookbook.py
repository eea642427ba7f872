"""The cookbook: every block runs, pictures are there and small, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COOKBOOK = ROOT / "docs" / "cookbook"
PAGES = sorted(COOKBOOK.glob("*.md"))
USES = {"anomalies", "background", "clustering", "density", "features", "images", "imputation", "separation"}
MAX_PICTURE = 100_000  # bytes

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def test_there_is_a_page_for_each_use() -> None:
    assert {page.stem for page in PAGES} >= USES


@each_page
def test_the_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks or page.stem not in USES
    if "plot" in "".join(blocks) or "matplotlib" in "".join(blocks):
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page.name, "exec"), names)


@each_page
def test_pictures_and_links_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)\s#]+)", text) if not target.startswith("http")]
    for target in targets:
        assert (page.parent / target).exists(), target
    pictures = [page.parent / target for target in targets if target.endswith(".png")]
    assert pictures or page.stem not in USES
    for picture in pictures:
        assert picture.stat().st_size < MAX_PICTURE, picture.name
        maker = COOKBOOK / "make_pictures" / f"{picture.stem}.py"
        assert maker.exists(), maker
