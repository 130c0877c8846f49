"""One HTTP request and its answer, as services that stream their bodies see it."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from clary.aws.sigv4 import Identity, SignedRequest
from clary.kernel.errors import ClaryError, ServiceError
from clary.kernel.platform import Platform

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[str, str]]

_HEX_DIGEST_LENGTH = 64


class ClientGone(ClaryError):
    """The client closed the connection before its request was complete."""


class BodyTooLarge(ServiceError):
    """The request's body is longer than the service takes."""

    code = "RequestEntityTooLarge"
    status = 413


class StreamingService(Protocol):
    """A service that reads and writes bodies by itself: the object store, model invocation.

    ``body_limit`` (bytes) bounds what the wire buffers where the signature covers the body and the client did
    not send the body's hash in a header. S3 clients always send it, so its streams are never buffered.
    An exception raised by ``handle`` before the answer started is rendered by the wire.
    """

    body_limit: int

    async def handle(self, exchange: "Exchange") -> None:
        """Answer the request."""


class Exchange:
    """One request, already authenticated, and the means to answer it.

    ``headers`` has lower-case names, values of repeated headers joined by commas. ``raw_path`` and
    ``query_string`` are as on the wire, undecoded. ``identity`` is None for an anonymous request.
    """

    __slots__ = (
        "_body",
        "_payload_hash",
        "_reading",
        "headers",
        "identity",
        "method",
        "path",
        "platform",
        "query_string",
        "raw_path",
        "receive",
        "request_id",
        "scope",
        "send",
        "service",
        "signed_request",
        "started",
    )

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        *,
        platform: Platform,
        request_id: str,
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.platform = platform
        self.request_id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        self.query_string: bytes = scope.get("query_string", b"")
        self.headers = _read_headers(scope["headers"])
        # What a signature is computed from.
        self.signed_request = SignedRequest(self.method, self.raw_path, self.query_string, self.headers)
        self.identity: Identity | None = None
        self.service = ""
        self.started = False
        self._body: bytes | None = None
        self._payload_hash: str | None = None
        self._reading = False

    @property
    def declared_payload_hash(self) -> str | None:
        """The body's SHA-256 in hex, where the client sent it; None for unsigned and chunk-signed bodies."""
        declared = self.headers.get("x-amz-content-sha256", "")
        return declared if len(declared) == _HEX_DIGEST_LENGTH else None

    async def stream(self) -> AsyncIterator[bytes]:
        """The body's bytes as they arrive, undecoded and unverified (see :attr:`declared_payload_hash`).

        Raises :class:`ClientGone` where the connection ends before the body does.
        """
        if self._body is not None:
            yield self._body
            return
        self._reading = True
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone("The client closed the connection before the body was complete")
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def read_body(self, limit: int) -> bytes:
        """The whole body. BodyTooLarge past ``limit`` bytes; an error where its declared hash is another."""
        body = await self._gather(limit)
        declared = self.declared_payload_hash
        if declared is not None and not hmac.compare_digest(self.payload_hash(), declared):
            raise ServiceError(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                code="XAmzContentSHA256Mismatch",
            )
        return body

    def payload_hash(self) -> str:
        """SHA-256 in hex of the body that :meth:`read_body` gathered."""
        if self._payload_hash is None:
            self._payload_hash = hashlib.sha256(self._body or b"").hexdigest()
        return self._payload_hash

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers; :meth:`write` sends the body. The request id is added."""
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        name = b"x-amz-request-id" if self.service == "s3" else b"x-amzn-requestid"
        raw.append((name, self.request_id.encode()))
        if "expect" in self.headers and not self._reading:
            # Nobody asked for the body, so the client may not send it: what follows would be taken for it.
            raw.append((b"connection", b"close"))
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, chunk: bytes, *, more: bool = True) -> None:
        """Send a part of the body; ``more=False`` ends the answer."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a whole answer. Content-Length is added unless given (an answer to HEAD gives its own)."""
        given = list(headers)
        if status not in {204, 304} and not any(name.lower() == "content-length" for name, _ in given):
            given.append(("content-length", str(len(body))))
        await self.start(status, given)
        await self.write(body, more=False)

    async def _gather(self, limit: int) -> bytes:
        if self._body is not None:
            if len(self._body) > limit:
                raise _too_large(limit)
            return self._body
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
        self._body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return self._body


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the {limit} bytes that this operation accepts.")


def _read_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    return headers
