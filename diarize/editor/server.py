"""The server of a session: the page, its sound, and what the page asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from diarize.editor.files import Conflict
from diarize.editor.guard import Guard
from diarize.editor.session import Elsewhere, Session
from diarize.errors import DiarizeError


def application(session: Session, token: str) -> Guard:
    """Return the application of a session, at /TOKEN/.

    Parameters
    ----------
    session : Session
    token : str
        Without it nothing is served.
    """

    def page(request: Request) -> Response:
        try:
            return StreamingResponse(session.page(), media_type="text/html; charset=utf-8")
        except DiarizeError as error:
            return PlainTextResponse(f"{error}\n", 500)

    def sound(request: Request) -> Response:
        return FileResponse(session.sound.path, media_type=session.sound.media_type)

    def saved(sent: dict[str, Any]) -> dict[str, Any]:
        result = session.save(sent)
        return {"version": result.version, "backup": result.backup.name if result.backup else None}

    def kept(sent: dict[str, Any]) -> dict[str, Any]:
        session.keep(sent)
        return {}

    def set_aside(sent: dict[str, Any]) -> dict[str, Any]:
        return {"backups": session.set_aside(sent)}

    def taken_over(sent: dict[str, Any]) -> dict[str, Any]:
        page, backups = session.take_over(sent)
        return {"page": page, "backups": backups}

    routes = [Route("/", page), Route("/sound", sound)]
    asked = {"/save": saved, "/keep": kept, "/aside": set_aside, "/take": taken_over, "/learn": session.learn}
    routes += [Route(path, _answering(work), methods=["POST"]) for path, work in asked.items()]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # it would lead to a path without the token
    return Guard(app, token)


def _answering(work: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
    """Return what answers a request with what some work makes of its JSON, or with what is wrong."""

    async def answer(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "JSON was expected"}, 415)  # what a form of another page cannot send
        try:
            sent = json.loads(await request.body())
        except (ValueError, RecursionError):
            sent = None
        except ClientDisconnect:
            return Response()  # nobody is there any more to read it
        if not isinstance(sent, dict):
            return JSONResponse({"error": "a JSON object was expected"}, 400)
        try:
            return JSONResponse(await run_in_threadpool(work, sent))
        except Conflict as error:
            return JSONResponse({"error": str(error), "elsewhere": isinstance(error, Elsewhere)}, 409)
        except DiarizeError as error:
            return JSONResponse({"error": str(error)}, 422)

    return answer
