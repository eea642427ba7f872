"""A session without a diarizer behind it, and a client that knows its address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import uvicorn
from starlette.testclient import TestClient

from diarize.annotation import Turn
from diarize.checking import Check
from diarize.editor.changes import Part
from diarize.editor.edits import Edits
from diarize.editor.files import Opened, Output
from diarize.editor.learning import Proposal
from diarize.editor.server import application
from diarize.editor.serving import listening
from diarize.editor.session import Session, Sound
from diarize.formats.about import About
from diarize.report.soundscape import Soundscape

TOKEN = "token"
ADDRESS = "http://127.0.0.1:8000"
EDITS = {
    "speakers": [{"id": "s1", "name": "Anna"}, {"id": "s2", "name": "Ben"}],
    "turns": [
        {"id": "t1", "start": 1, "end": 3, "speaker": "s1", "confidence": None, "checked": True},
        {"id": "t2", "start": 3, "end": 6.0004, "speaker": "s1", "confidence": 0.4, "checked": False},
    ],
    "silence": [{"start": 7, "end": 8}],
}
SCAPE = Soundscape(12.0, 16000, np.zeros((1200, 2), np.int8), 0.0, (), 0.02, (60.0, 100.0, 150.0), -40.0, None)
WORK = Opened(Edits((Turn(1.0, 3.0, "speaker1", 0.9), Turn(4.0, 6.0, "speaker2", 0.4))), "talk", About(channel=2))


def document(client: TestClient) -> Any:
    """Return what the page starts from."""
    match = re.search(r'id="document">(.*?)</script>', client.get("/token/").text, flags=re.DOTALL)
    assert match
    return json.loads(match.group(1))


@dataclass
class Listener:
    """Stands for a learner: one change, one question."""

    given: list[Edits] = field(default_factory=list)

    def propose(self, edits: Edits) -> Proposal:
        self.given.append(edits)
        part = Part(4.0, 6.0, ("speaker2",), ("anna",), 0.8, True)
        return Proposal([(part,)], [Check(4.0, 6.0, "anna", 2.0, "disputed")])

    def close(self) -> None:
        pass


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "sound").write_bytes(bytes(range(100)))
    sound = Sound("talk.wav", tmp_path / "sound", "audio/mpeg", SCAPE)
    return Session(sound, WORK, Output(tmp_path / "talk.json"), Listener())  # type: ignore[arg-type]


@pytest.fixture
def client(session: Session) -> TestClient:
    return TestClient(application(session, TOKEN), base_url=ADDRESS)


@pytest.fixture
def ask(client: TestClient) -> Callable[..., Any]:
    """Post something as the page that was opened last does, or as another one whose number is given as `page`."""
    number = document(client)["server"]["page"]
    headers = {"Origin": ADDRESS}
    return lambda what, page=number, **body: client.post(
        f"/{TOKEN}/{what}", json={"page": page, **body}, headers=headers
    )


@pytest.fixture
def serve() -> Iterator[Callable[[Session], str]]:
    """Return a function that serves a session from this process, at its own port, and gives the address of its page."""
    running: list[tuple[uvicorn.Server, Thread]] = []

    def begin(session: Session) -> str:
        place = listening(session.output.path, None)
        settings = uvicorn.Config(application(session, TOKEN), log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(settings)
        thread = Thread(target=server.run, args=([place],))
        running.append((server, thread))
        thread.start()
        return f"http://127.0.0.1:{place.getsockname()[1]}/{TOKEN}/"

    yield begin
    for server, thread in running:
        server.force_exit = server.should_exit = True
        thread.join()
