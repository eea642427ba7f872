"""One recording being edited: somebody else's saves, and the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from diarize.editor.edits import edits_of_page
from diarize.editor.files import opened
from diarize.editor.session import Session
from tests.editor.conftest import EDITS, document

Ask = Callable[..., Any]


def test_a_save_over_somebody_else_s_is_refused_until_it_is_meant(
    ask: Ask, client: TestClient, session: Session
) -> None:
    version = ask("save", edits=EDITS, version="").json()["version"]
    session.output.path.write_text('{"format": "diarize", "version": 1, "recording": "talk", "turns": []}')
    answer = ask("save", edits=EDITS, version=version)
    assert answer.status_code == 409
    assert "changed by somebody else" in answer.json()["error"]
    again = document(client)
    assert again["turns"] == []  # who reloads sees what is there
    page = again["server"]["page"]
    answer = ask("save", page=page, edits=EDITS, version=version, overwrite=True)
    assert answer.json()["backup"] == "talk.json.bak"
    assert len(document(client)["turns"]) == 2
    assert '"turns": []' in (session.output.path.parent / "talk.json.bak").read_text()


def test_the_older_of_two_tabs_is_refused(ask: Ask) -> None:
    first = ask("save", edits=EDITS, version="").json()["version"]
    second = ask("save", edits={**EDITS, "silence": []}, version=first).json()["version"]
    assert ask("save", edits=EDITS, version=first).status_code == 409
    assert ask("save", edits=EDITS, version=second).status_code == 200


def test_the_journal_is_in_the_page_until_it_is_put_aside(ask: Ask, client: TestClient, session: Session) -> None:
    ask("keep", edits=EDITS, version="abc")
    content = document(client)
    journal, page = content["server"]["journal"], content["server"]["page"]
    assert (journal["edits"], journal["version"]) == (EDITS, "abc")
    more = {**EDITS, "turns": EDITS["turns"][:1]}
    names = ask("aside", page=page, edits=more).json()["backups"]  # the browser had kept something else
    assert names == ["talk.json.bak", "talk.json.bak1"]
    assert document(client)["server"]["journal"] is None
    backups = [opened(session.output.path.with_name(name), "talk").edits for name in names]
    assert backups == [
        edits_of_page({**EDITS, "turns": [EDITS["turns"][0], {**EDITS["turns"][1], "end": 6}]}),
        edits_of_page(more),
    ]


def test_no_edits_in_the_end_remove_the_journal(ask: Ask, session: Session) -> None:
    ask("keep", edits=EDITS, version="abc")
    ask("keep", edits=None, version="abc")
    assert not session.journal.path.exists()
    assert ask("aside").json() == {"backups": []}


def test_the_page_that_was_opened_last_writes_and_no_other(ask: Ask, client: TestClient, session: Session) -> None:
    ask("keep", edits=EDITS, version="")
    second = document(client)["server"]["page"]
    other = {**EDITS, "silence": []}
    for what in ("keep", "save"):
        answer = ask(what, edits=other, version="")
        assert (answer.status_code, answer.json()["elsewhere"]) == (409, True)
    assert ask("aside", edits=other).json()["backups"] == ["talk.json.bak"]  # its own; the journal is the other's
    assert session.journal.read() is not None
    first = ask("take").json()
    assert first["backups"] == []  # the other one has kept nothing
    assert ask("keep", page=second, edits=other, version="").status_code == 409
    assert ask("keep", page=first["page"], edits=other, version="").status_code == 200
    assert ask("take", page=second).json()["backups"] == ["talk.json.bak1"]


def test_a_file_that_somebody_has_broken_is_told_in_place_of_the_page(client: TestClient, session: Session) -> None:
    session.output.path.write_text("{")
    answer = client.get("/token/")
    assert answer.status_code == 500
    assert "talk.json" in answer.text
