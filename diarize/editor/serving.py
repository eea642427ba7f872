"""A server on this machine alone, until it is told to end."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from diarize.editor.server import application
from diarize.editor.session import Session
from diarize.errors import ConfigError

HOST = "127.0.0.1"
_FIRST, _COUNT = 49152, 16384  # ports that belong to nobody
_PATIENCE = 1  # s for requests under way when the server ends


def listening(output: Path, port: int | None) -> socket.socket:
    """Return a socket at a port: the wanted one, else one that follows from the file, else any that is free.

    The same file has the same port the next time, so that what its browser keeps is found again.

    Raises
    ------
    ConfigError
        The wanted port is in use, or not ours to take.
    """
    own = _FIRST + int.from_bytes(hashlib.sha256(str(output.resolve()).encode()).digest()[:4]) % _COUNT
    reason = ""
    for one in (own, 0) if port is None else (port,):
        try:
            return socket.create_server((HOST, one))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)  # its own text names the place again
    raise ConfigError(f"port {port}: {reason}; give another one, or leave out --port")


def serve(session: Session, place: socket.socket, ready: Callable[[str], object]) -> None:
    """Serve a session until the process is told to end.

    Parameters
    ----------
    session : Session
    place : socket
        From `listening`.
    ready : callable
        Is given the address of the page once it can be opened.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed, or the process was told to end in another way.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left behind
    token = secrets.token_urlsafe(24)
    address = f"http://{HOST}:{place.getsockname()[1]}/{token}/"

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(address)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            session.learner.close()  # whoever waits for it waits no more
            await super().shutdown(sockets)

    settings = uvicorn.Config(
        application(session, token),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
    )
    try:
        Announced(settings).run([place])
    finally:
        place.close()
