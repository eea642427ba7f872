"""What the page is given, and what it may ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from diarize.editor.session import Session
from tests.editor.conftest import EDITS, document

Ask = Callable[..., Any]


def test_the_page_is_strict_and_knows_its_server(client: TestClient) -> None:
    answer = client.get("/token/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.text
    assert "media-src blob: 'self'; connect-src 'self';" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    content = document(client)
    assert content["server"] == {"version": "", "page": 2, "file": "talk.json", "marks": True, "journal": None}
    assert [turn["checked"] for turn in content["turns"]] == [False, False]
    assert content["recording"]["sound"] == {"kind": "link", "link": "sound"}


def test_what_a_form_can_send_is_not_taken(client: TestClient, session: Session) -> None:
    body = json.dumps({"edits": EDITS, "version": ""})
    assert client.post("/token/save", content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.get("/token/save").status_code == 405
    assert {client.request(method, "/token/").status_code for method in ("POST", "PUT", "DELETE", "OPTIONS")} == {405}
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
        {"start": 1.0, "end": 3.0, "speaker": "Anna", "confidence": None, "checked": True, "overlap": 0.0},
        {"start": 3.0, "end": 6.0, "speaker": "Anna", "confidence": 0.4, "overlap": 0.0},
    ]
    assert written["silence"] == [{"start": 7.0, "end": 8.0}]
    assert session.journal.read() is None


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


def test_who_leaves_while_sending_is_no_error(client: TestClient) -> None:
    headers = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json"), (b"content-length", b"200")]
    path, sent = "/token/save", []
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "server": ("127.0.0.1", 8000), "http_version": "1.1"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert len(sent) == 2
