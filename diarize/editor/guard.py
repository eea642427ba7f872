"""Who is let in: the browser that was given the address, and no other page that it shows."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import cast

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
_LARGEST = 64 << 20  # bytes of a request
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets requests through that are for this server by name, know its token, and come from its own page.

    Parameters
    ----------
    app : ASGI application
        It sees paths without the token.
    token : str
        The first part of every path.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None  # no web sockets: the server closes these
        refusal = self._refusal(scope)
        if refusal is not None:
            return await refusal(scope, receive, send)
        scope = {**scope, "path": scope["path"][len(self._token) + 1 :]}
        scope.pop("raw_path", None)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        return await self._app(scope, receive, sent)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        port = cast("tuple[str, int]", scope["server"])[1]
        hosts = {f"{name}:{port}" for name in NAMES}
        if headers.get("host") not in hosts:  # another name that leads here: DNS rebinding
            return PlainTextResponse("This server is 127.0.0.1 and nobody else.", 403)
        if not _comes_from(headers, hosts):
            return PlainTextResponse("Another page has sent this.", 403)
        token = scope["path"].lstrip("/").partition("/")[0]
        if not secrets.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            return PlainTextResponse("Take the address that `diarize edit` has printed.", 404)
        if not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > _LARGEST:
            return PlainTextResponse("That is too much.", 413)
        if "transfer-encoding" in headers:
            return PlainTextResponse("Say how long it is.", 411)  # what grows without end is not read
        return None


def _comes_from(headers: Headers, hosts: Collection[str]) -> bool:
    """Tell whether a request that names its origin names one of these hosts."""
    origin = headers.get("origin")
    if origin is not None and origin not in {f"http://{host}" for host in hosts}:
        return False
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
