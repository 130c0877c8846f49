"""The ASGI application of the REST API, below ``/api/v1``."""

import base64
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from clary.aws import operations
from clary.aws.calls import call, make_context
from clary.aws.dispatch import BODY_LIMIT, Dispatcher
from clary.aws.exchange import ClientGone, Exchange, StreamingService
from clary.aws.identity import Identity
from clary.aws.protocols.messages import Members
from clary.aws.protocols.values import format_timestamp
from clary.kernel.errors import InternalError, ServiceError, UnsupportedOperation
from clary.kernel.platform import Platform
from clary.rest import ROOT
from clary.rest.errors import JSON, MethodNotAllowed, render_error
from clary.rest.naming import find_name_member
from clary.rest.reading import Query, read_members, read_query
from clary.rest.routes import Path, Route, load_routes
from clary.rest.tokens import REGION_HEADER, REGION_QUERY, identify

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOG = logging.getLogger(__name__)
THREADS = 8
_INVOCATIONS = ("endpoints", "invocations")
_Answer = tuple[int, list[tuple[str, str]], bytes]
_HEADERS = [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]


class RestApp:
    """Answers with the operations of the wire; ``runtime`` answers invocations of endpoints."""

    def __init__(self, platform: Platform, *, runtime: StreamingService) -> None:
        self._platform = platform
        self._runtime = runtime
        self._dispatcher = Dispatcher(threads=THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send, platform=self._platform, request_id=str(uuid.uuid4()))
        try:
            await self._serve(exchange)
        except ClientGone:
            _LOG.debug("Client of request %s is gone", exchange.request_id)
        except ServiceError as error:
            await _refuse(exchange, error)
        except Exception:
            _LOG.exception("Request %s to %s failed", exchange.request_id, exchange.path)
            await _refuse(exchange, InternalError("We encountered an internal error. Please try again."))

    def close(self) -> None:
        """Wait for running handlers and free their threads."""
        self._dispatcher.close()

    async def _serve(self, exchange: Exchange) -> None:
        path, query = _split(exchange.raw_path), read_query(exchange.query_string)
        if len(path) == 3 and path[::2] == _INVOCATIONS:
            await self._invoke(exchange, query)
            return
        route, name = load_routes().find(exchange.method, path)
        exchange.identity = await self._identify(exchange, query)
        body = await exchange.read_body(BODY_LIMIT) if route.takes_body else b""
        answer = partial(_answer, exchange, route, name, query, body)
        status, headers, content = await self._dispatcher.run(answer)
        await exchange.respond(status, [*headers, *_HEADERS], content)

    async def _identify(self, exchange: Exchange, query: Query) -> Identity:
        region = exchange.headers.get(REGION_HEADER, dict(query).get(REGION_QUERY))
        authorization = exchange.headers.get("authorization")
        return await self._dispatcher.run(partial(identify, self._platform, authorization, region))

    async def _invoke(self, exchange: Exchange, query: Query) -> None:
        if exchange.method != "POST":
            raise MethodNotAllowed("Invocations take POST.", allowed=("POST",))
        path = exchange.raw_path.removeprefix(ROOT.encode()).removesuffix(b"/")
        inner = Exchange(
            {**exchange.scope, "raw_path": path},
            exchange.receive,
            exchange.send,
            platform=self._platform,
            request_id=exchange.request_id,
        )
        inner.identity = await self._identify(exchange, query)
        try:
            await self._runtime.handle(inner)
        finally:
            exchange.started = inner.started


def _answer(exchange: Exchange, route: Route, name: str, query: Query, body: bytes) -> _Answer:
    """Status, headers and body. Runs in a thread."""
    assert exchange.identity is not None
    context = make_context(exchange, exchange.identity)

    def run(service: str, operation: str, members: Members) -> Members:
        found = operations.find(service, operation)
        if found is None:
            raise UnsupportedOperation(f"Clary does not support {operation} of {service}.")
        return call(found, context, members)

    members = read_members(route, name=name, query=query, body=body)
    if route.binding is None:
        output = run(route.service, route.operation, members)
    else:
        output = route.binding.answer(run, name, members)
    headers = _locate(route, members) if route.status == 201 else []
    if route.status == 204:
        return route.status, headers, b""
    return route.status, [*headers, ("content-type", JSON)], _dump(output)


def _locate(route: Route, members: Members) -> list[tuple[str, str]]:
    member = find_name_member(route.kind, route.model)
    if member is None:
        return []
    return [("location", f"{ROOT}/{route.path[0]}/{quote(members[member], safe='')}")]


async def _refuse(exchange: Exchange, error: ServiceError) -> None:
    if exchange.started:
        raise error
    status, headers, body = render_error(error)
    await exchange.respond(status, [*headers, *_HEADERS], body)


def _split(raw_path: bytes) -> Path:
    path = raw_path.decode("latin-1").removeprefix(f"{ROOT}/").removesuffix("/")
    return tuple(unquote(part) for part in path.split("/"))


def _dump(output: Members) -> bytes:
    # The line's end is for terminals.
    text = json.dumps(output, separators=(",", ":"), ensure_ascii=False, default=_encode)
    return f"{text}\n".encode()


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_timestamp(value, "iso8601")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no value of an answer")
