"""Who is let in, and what is given to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from diarize.editor.session import Session

ADDRESS = "http://127.0.0.1:8000"
EDITS = {
    "speakers": [{"id": "s1", "name": "Anna"}, {"id": "s2", "name": "Ben"}],
    "turns": [
        {"id": "t1", "start": 1, "end": 3, "speaker": "s1", "confidence": None, "checked": True},
        {"id": "t2", "start": 3, "end": 6.0004, "speaker": "s1", "confidence": 0.4, "checked": False},
    ],
    "silence": [{"start": 7, "end": 8}],
}
Ask = Callable[..., Any]


def document(client: TestClient) -> Any:
    """Return what the page starts from."""
    match = re.search(r'id="document">(.*?)</script>', client.get("/token/").text, flags=re.DOTALL)
    assert match
    return json.loads(match.group(1))


def test_the_page_is_strict_and_knows_its_server(client: TestClient) -> None:
    answer = client.get("/token/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.text
    assert "media-src blob: 'self'; connect-src 'self';" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    content = document(client)
    assert content["server"] == {"version": "", "file": "talk.json", "marks": True, "journal": None}
    assert [turn["checked"] for turn in content["turns"]] == [False, False]
    assert content["recording"]["sound"] == {"kind": "link", "link": "sound"}


@pytest.mark.parametrize("path", ["/", "/token", "/other/", "/other/sound", "/t%C3%B6ken/", "//token/"])
def test_without_the_token_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(path, follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:8001"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_names_and_other_pages_are_refused(client: TestClient, session: Session, headers: dict[str, str]) -> None:
    assert client.get("/token/", headers=headers).status_code == 403
    assert client.post("/token/save", json={"edits": EDITS, "version": ""}, headers=headers).status_code == 403
    assert not session.output.path.exists()


def test_localhost_is_this_machine_too(client: TestClient) -> None:
    headers = {"Host": "localhost:8000", "Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/token/", headers=headers).status_code == 200


def test_what_a_form_can_send_is_not_taken(client: TestClient, session: Session) -> None:
    body = json.dumps({"edits": EDITS, "version": ""})
    assert client.post("/token/save", content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.get("/token/save").status_code == 405
    assert not session.output.path.exists()


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        (None, 200, bytes(range(100))),
        ("bytes=10-19", 206, bytes(range(10, 20))),
        ("bytes=95-", 206, bytes(range(95, 100))),
        ("bytes=-3", 206, bytes(range(97, 100))),
        ("bytes=90-200", 206, bytes(range(90, 100))),
        ("bytes=100-", 416, b""),
    ],
)
def test_the_sound_comes_in_parts(client: TestClient, wanted: str | None, status: int, content: bytes) -> None:
    answer = client.get("/token/sound", headers={"Range": wanted} if wanted else {})
    assert (answer.status_code, answer.content) == (status, content)


def test_a_save_writes_marks_and_silence_and_forgets_the_journal(ask: Ask, session: Session) -> None:
    assert ask("keep", edits=EDITS, version="").status_code == 200
    assert session.journal.read() is not None
    answer = ask("save", edits=EDITS, version="")
    assert answer.json() == {"version": session.output.version, "backup": None}
    written = json.loads(session.output.path.read_text(encoding="utf-8"))
    assert written["recording"] == "talk"
    assert written["channel"] == 2
    assert written["turns"] == [
        {"start": 1.0, "end": 3.0, "speaker": "Anna", "confidence": None, "checked": True},
        {"start": 3.0, "end": 6.0, "speaker": "Anna", "confidence": 0.4},
    ]
    assert written["silence"] == [{"start": 7.0, "end": 8.0}]
    assert session.journal.read() is None


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


def test_learning_gets_what_is_checked(ask: Ask, session: Session) -> None:
    answer = ask("learn", edits=EDITS).json()
    part = {"start": 4.0, "end": 6.0, "before": ["speaker2"], "after": ["anna"], "confidence": 0.8, "news": True}
    assert answer["changes"] == [[part]]
    assert answer["checks"] == [{"start": 4.0, "end": 6.0, "speaker": "anna", "gain": 2.0, "reason": "disputed"}]
    (given,) = session.learner.given  # type: ignore[attr-defined]
    assert given.hints().names == ("Anna",)
    assert [(turn.start, turn.end) for turn in given.checked] == [(1.0, 3.0)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"turns": [{"start": 3, "end": 1, "speaker": "s1"}]}, "must end after that"),
        ({"turns": [{"start": 1, "end": 3, "speaker": "s9"}]}, "whom no speaker is"),
        ({"turns": "none"}, "turns must be a list"),
        ({"silence": [3]}, "must be an object"),
        ({"speakers": [{"id": "s1", "name": ""}]}, "empty name"),
    ],
)
def test_edits_that_are_none_are_refused(ask: Ask, session: Session, change: dict[str, Any], message: str) -> None:
    for what in ("save", "keep", "learn"):
        answer = ask(what, edits={**EDITS, **change}, version="")
        assert answer.status_code == 422
        assert message in answer.json()["error"]
    assert not session.output.path.exists()
    assert not session.journal.path.exists()


def test_a_folder_that_takes_nothing_is_told(ask: Ask, session: Session, tmp_path: Path) -> None:
    session.output.path.mkdir()
    answer = ask("save", edits=EDITS, version="")
    assert answer.status_code == 422
    assert "talk.json: cannot read the file" in answer.json()["error"]
