"""What learning would change."""

from __future__ import annotations

from diarize.annotation import Annotation, Turn
from diarize.editor.changes import changes, renaming


def spans(now: Annotation, known: Annotation, learned: Annotation) -> list[list[tuple[float, float, str, str]]]:
    found = changes(now, known, learned)
    return [[(part.start, part.end, "+".join(part.before), "+".join(part.after)) for part in one] for one in found]


def test_what_the_diarizer_said_before_is_no_news() -> None:
    known = Annotation([Turn(0, 4, "a"), Turn(5, 9, "b")])
    merged = Annotation([Turn(0, 4, "a"), Turn(5, 9, "a")])  # a person did that without checking it
    assert [[part.news for part in change] for change in changes(merged, known, known)] == [[False]]
    learned = Annotation([Turn(0, 4, "b"), Turn(5, 9, "b")])
    assert spans(merged, known, learned) == [[(0, 4, "a", "b")], [(5, 9, "a", "b")]]
    assert [[part.news for part in change] for change in changes(merged, known, learned)] == [[True], [False]]


def test_what_stands_there_already_is_no_change() -> None:
    known = Annotation([Turn(0, 4, "a")])
    learned = Annotation([Turn(0, 2, "a"), Turn(2, 4, "b")])
    assert spans(learned, known, learned) == []


def test_overlap_and_silence_are_said_as_sets() -> None:
    known = Annotation([Turn(0, 4, "a"), Turn(2, 6, "b")])
    learned = Annotation([Turn(0, 6, "a"), Turn(2, 4, "b"), Turn(8, 9, "a", 0.7)])
    assert spans(known, known, learned) == [[(4, 6, "b", "a")], [(8, 9, "", "a")]]
    assert changes(known, known, learned)[1][0].confidence == 0.7


def test_a_boundary_that_moves_goes_with_its_change_and_a_breath_is_nothing() -> None:
    known = Annotation([Turn(0, 4, "a"), Turn(4, 8, "b")])
    learned = Annotation([Turn(0, 3.98, "a"), Turn(4.0, 6, "a"), Turn(6.3, 8, "b")])
    assert spans(known, known, learned) == [[(3.98, 4, "a", ""), (4, 6, "b", "a"), (6, 6.3, "b", "")]]
    assert spans(known, known, Annotation([Turn(0, 3.97, "a"), Turn(4, 8, "b")])) == []


def test_names_that_are_taken_go_to_nobody_else() -> None:
    now = Annotation([Turn(0, 4, "speaker1"), Turn(4, 8, "anna")])
    other = Annotation([Turn(0, 4, "speaker2"), Turn(9, 10, "speaker1"), Turn(4, 8, "anna")])
    assert renaming(now, other, ["anna"]) == {"speaker2": "speaker1", "speaker1": "speaker2", "anna": "anna"}
