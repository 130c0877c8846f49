"""The little HTTP that a model server needs, on bare ASGI: a framework costs more than a prediction."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from clary_algorithms.serving.errors import BadRequest, PayloadTooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str | None = None

    @classmethod
    def of_json(cls, document: object) -> "Reply":
        return cls(body=json.dumps(document).encode(), content_type="application/json")

    @classmethod
    def of_text(cls, status: HTTPStatus, text: str) -> "Reply":
        return cls(status=status, body=text.encode(), content_type="text/plain; charset=utf-8")

    async def send(self, send: Send) -> None:
        """Send it, with a Content-Length unless the status forbids a body (204)."""
        headers: list[tuple[bytes, bytes]] = []
        if self.content_type is not None:
            headers.append((b"content-type", self.content_type.encode("latin-1")))
        body = b"" if self.status == HTTPStatus.NO_CONTENT else self.body
        if self.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": int(self.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Request:
    """One HTTP request; the body is read only when asked for."""

    __slots__ = ("_receive", "method", "path", "query_string", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        """The path as it was sent, percent-encoded, so that a name in it may hold any character."""
        self.query_string: bytes = scope["query_string"]
        self._receive = receive

    def header(self, name: bytes) -> str | None:
        """A header's value, or None; repeated headers are joined by commas."""
        values = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(values).decode("latin-1") if values else None

    async def read_body(self, *, limit: int) -> bytes:
        """The whole body. Raises `PayloadTooLarge` past `limit` bytes, before reading when it is declared."""
        declared = self.header(b"content-length")
        if limit and declared is not None and int(declared) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise BadRequest("The client went away before its request was complete.")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if limit and size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The payload is larger than the limit of {limit} bytes.")
