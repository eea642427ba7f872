"""The documentation as a site: `python -m sphinx docs build/docs`.

The pages are plain Markdown, read on a code host as well. Some lie outside `docs`, beside what they describe. They are
copied to `docs/project`, and links to and from them follow.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from diarize import __version__  # noqa: E402

project = "diarize"
author = "the contributors of diarize"
version = release = __version__
language = "en"

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
html_math_renderer = "mathml"
exclude_patterns = ["README.md"]  # on a code host what index.md is on the site
templates_path = ["_templates"]
highlight_language = "text"
default_role = "code"  # `name` in a docstring
nitpicky = True

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autosummary_generate = True
autodoc_typehints = "none"  # types stand in the docstrings, with shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "furo"
html_theme_options = {"light_css_variables": {"code-font-size": "75%"}}
html_title = f"diarize {version}"
html_copy_source = False
html_show_copyright = False

OUTSIDE = {
    ROOT / "benchmarks/RESULTS.md": "results",
    ROOT / "benchmarks/LOG.md": "log",
    ROOT / "diarize/models/CARD.md": "model-card",
    ROOT / "audio_samples/README.md": "samples",
    ROOT / "CONTRIBUTING.md": "contributing",
    ROOT / "CHANGELOG.md": "changelog",
}
PLACES = {DOCS / "project" / f"{name}.md": page for page, name in OUTSIDE.items()}
SITE = {page: place for place, page in PLACES.items()} | {ROOT / "README.md": DOCS / "index.md"}
SITE[DOCS / "README.md"] = DOCS / "index.md"


def copy_outside(app: Any) -> None:
    """Put the pages from outside where the site has them; one that is as it was keeps its date."""
    for place, page in PLACES.items():
        text = page.read_text(encoding="utf-8")
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")


def follow_links(app: Any, docname: str, content: list[str]) -> None:
    """Lead the links of a page, which fit where it is written, to where the site has their targets."""
    place = DOCS / f"{docname}.md"
    page = PLACES.get(place, place)

    def follow(link: re.Match[str]) -> str:
        name, anchor = link[1], link[2] or ""
        target = Path(os.path.normpath(page.parent / name))
        if re.match(r"\w+:", name) or not target.exists():
            return link.group()
        path = os.path.relpath(SITE.get(target, target), place.parent)
        return f"]({Path(path).as_posix()}{anchor})"

    pieces = re.split(r"(^```.*?^```)", content[0], flags=re.MULTILINE | re.DOTALL)
    pieces[::2] = [re.sub(r"\]\(([^)#\s]+)(#[^)\s]*)?\)", follow, piece) for piece in pieces[::2]]
    content[0] = "".join(pieces)


def leave_out(app: Any, what: str, name: str, thing: object, skip: bool, options: object) -> bool | None:
    """Leave out what scikit-learn puts into every estimator for its own routing of metadata."""
    return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None


def write_math(self: Any, node: Any, display: str) -> None:
    """Write an equation as MathML, which browsers show by themselves: no script is fetched to read a page."""
    latex, *numbers = re.split(r"\\tag\{(\d+)\}", node.astext())
    number = f'<span style="float: right">({numbers[0]})</span>' if display == "block" and numbers else ""
    self.body.append(number + convert("".join([latex, *numbers[1:]]).strip(), display=display))
    raise SkipNode


def setup(app: Any) -> None:
    """Join these steps to the build."""
    renderers = [(partial(write_math, display=display), None) for display in ("inline", "block")]
    app.add_html_math_renderer("mathml", *renderers)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("builder-inited", copy_outside, priority=100)  # before autosummary looks for pages
    app.connect("source-read", follow_links)
