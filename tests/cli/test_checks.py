"""The table of what to look at next, column by column; the command itself is in test_correct.py."""

from __future__ import annotations

from diarize.checking import Check
from diarize.cli.checks import _as_json, _as_table


def test_the_table_is_aligned() -> None:
    found = [Check(9.5, 12, "anna maria", 3.456, "doubtful"), Check(100, 101.25, "ben", 12, "unnamed")]
    assert _as_table(found) == (
        " start     end  speaker     settles  why\n"
        "  9.50   12.00  anna maria   3.46 s  doubtful\n"
        "100.00  101.25  ben         12.00 s  unnamed\n"
    )


def test_json_has_milliseconds() -> None:
    assert '"gain": 0.123,' in _as_json("talk", [Check(1, 2, "ben", 0.12345, "unnamed")])
