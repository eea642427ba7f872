"""A row of the table of formats."""

from __future__ import annotations

from diarize.formats.format import Format


def test_the_ending_that_is_written_and_how_much_a_file_holds() -> None:
    def recognise(head: str) -> bool:
        return False

    one = Format(name="a", recognise=recognise, endings=(".a", ".b"), shared=(".txt",))
    other = Format(name="b", recognise=recognise, shared=(".txt",), anonymous=True)
    assert (one.ending, other.ending) == (".a", ".txt")
    assert (one.holds_one, other.holds_one) == (False, True)
