"""Who is let in: by token, by host, by origin."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from diarize.editor.session import Session
from tests.editor.conftest import EDITS, document


@pytest.mark.parametrize(
    "path",
    ["/", "/token", "/other/", "/other/sound", "/t%C3%B6ken/", "//token/"]
    + [
        "/token/../",
        "/token/../../etc/passwd",
        "/token/%2e%2e/sound",
        "/token/sound/..",
        "/token/talk.json",
        "/token//",
    ],
)
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
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:8000/page"},
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


def test_too_much_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(1 << 40)}
    assert client.post("/token/save", content=b"{}", headers=headers).status_code == 413
    pieces = (b"{}" for _ in range(2))  # of no stated length
    headers = {"Content-Type": "application/json"}
    assert client.post("/token/save", content=pieces, headers=headers).status_code == 411


def test_names_that_are_markup_stay_text(client: TestClient, session: Session) -> None:
    name = "</script><script>alert(1)</script>"
    speakers = [{"id": "s1", "name": name}, EDITS["speakers"][1]]
    number = document(client)["server"]["page"]
    sent = {"edits": {**EDITS, "speakers": speakers}, "version": "", "page": number}
    assert client.post("/token/save", json=sent).status_code == 200
    assert name not in client.get("/token/").text
    assert document(client)["speakers"][0]["name"] == name
