"""One recording being edited: somebody else's saves, and the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

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
    assert document(client)["turns"] == []  # who reloads sees what is there
    assert ask("save", edits=EDITS, version=version, overwrite=True).json()["backup"] == "talk.json.bak"
    assert len(document(client)["turns"]) == 2
    assert '"turns": []' in (session.output.path.parent / "talk.json.bak").read_text()


def test_the_older_of_two_tabs_is_refused(ask: Ask) -> None:
    first = ask("save", edits=EDITS, version="").json()["version"]
    second = ask("save", edits={**EDITS, "silence": []}, version=first).json()["version"]
    assert ask("save", edits=EDITS, version=first).status_code == 409
    assert ask("save", edits=EDITS, version=second).status_code == 200


def test_the_journal_is_in_the_page_until_it_is_put_aside(ask: Ask, client: TestClient, session: Session) -> None:
    ask("keep", edits=EDITS, version="abc")
    journal = document(client)["server"]["journal"]
    assert (journal["edits"], journal["version"]) == (EDITS, "abc")
    ask("aside")
    assert document(client)["server"]["journal"] is None
    assert session.journal.path.with_name("talk.json.autosave.bak").exists()
    ask("keep", edits=EDITS, version="abc")
    ask("keep", edits=None, version="abc")
    assert not session.journal.path.exists()


def test_a_file_that_somebody_has_broken_is_told_in_place_of_the_page(client: TestClient, session: Session) -> None:
    session.output.path.write_text("{")
    answer = client.get("/token/")
    assert answer.status_code == 500
    assert "talk.json" in answer.text
