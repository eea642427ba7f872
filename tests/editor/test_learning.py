"""A learner with the real diarizer: what is checked stays, names stay, and who waits is told of an end."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
import soundfile

from diarize.annotation import Turn
from diarize.editor.edits import Edits
from diarize.editor.learning import Learner, Proposal
from diarize.errors import Cancelled
from diarize.pipeline import Diarizer

CALL = Path(__file__).resolve().parents[2] / "audio_samples" / "call.flac"


@pytest.fixture(scope="module")
def learner() -> Learner:
    samples, rate = soundfile.read(CALL, stop=8000 * 20, dtype="float32")
    made = Learner(Diarizer("fast"), (samples, rate))
    made.start()
    return made


def test_names_that_a_person_gave_stay_and_all_else_is_no_news(learner: Learner) -> None:
    first = learner.propose(Edits())
    assert {check.speaker for check in first.checks} == {"speaker1", "speaker2"}
    found = learner.listened().annotation
    mine = {"speaker1": "Anna", "speaker2": "Ben"}
    turns = [Turn(turn.start, turn.end, mine[turn.speaker], turn.confidence) for turn in found]
    anna = next(turn for turn in turns if turn.speaker == "Anna")
    proposal = learner.propose(Edits(tuple(turn for turn in turns if turn is not anna), (anna,)))
    assert [part for change in proposal.changes for part in change if part.news] == []
    assert {check.speaker for check in proposal.checks} == {"Anna", "Ben"}
    assert not any(check.start < anna.end and check.end > anna.start for check in proposal.checks)


def test_silence_is_taken_out(learner: Learner) -> None:
    turn = learner.listened().annotation.turns[0]
    edits = Edits(tuple(learner.listened().annotation), (), (turn.segment,))
    (change, *_) = learner.propose(edits).changes
    assert (change[0].before, change[0].after, change[0].news) == ((turn.speaker,), (), True)


def test_who_waits_is_told_when_the_editor_closes() -> None:
    waiting = Learner(Diarizer("fast"), CALL)
    outcomes: list[Proposal | str] = []

    def ask() -> None:
        try:
            outcomes.append(waiting.propose(Edits()))
        except Cancelled as error:
            outcomes.append(str(error))

    thread = Thread(target=ask)
    thread.start()
    waiting.close()
    thread.join(10)
    assert outcomes == ["the editor was closed"]
