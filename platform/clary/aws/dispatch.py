"""Runs one control-plane operation: parse, validate, call the handler, check and render its answer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import unquote_plus

from clary.aws import operations
from clary.aws.calls import call, make_context
from clary.aws.canonical import decode_query, query_pairs
from clary.aws.exchange import Exchange
from clary.aws.identity import Identity
from clary.aws.models import load_operation
from clary.aws.protocols import PROTOCOLS, WireAnswer, WireRequest
from clary.aws.protocols.query import read_form
from clary.aws.routing import Address, Route, find_operation
from clary.kernel.errors import ServiceError, UnsupportedOperation

# The largest control-plane documents (pipeline definitions, log batches) have 1 MiB.
BODY_LIMIT = 10 * 2**20
# Requests that wait for a thread, beyond those that run.
MAX_WAITING = 512

T = TypeVar("T")


class Throttled(ServiceError):
    """More requests wait than the platform can answer soon."""

    code = "ThrottlingException"


@dataclass(frozen=True, slots=True)
class _Call:
    exchange: Exchange
    identity: Identity
    address: Address
    route: Route
    operation: operations.Operation
    body: bytes


class Dispatcher:
    """A bounded pool of threads in which handlers run."""

    def __init__(self, *, threads: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="operation")
        self._capacity = threads + MAX_WAITING
        self._pending = 0

    async def dispatch(self, exchange: Exchange, identity: Identity, address: Address) -> WireAnswer:
        """The answer to the request; raises ServiceError for every refusal."""
        body = await exchange.read_body(BODY_LIMIT)
        route = find_operation(address, exchange.signed_request, _action(exchange, address, body))
        operation = operations.find(route.service, route.operation)
        if operation is None:
            raise UnsupportedOperation(f"Clary does not support {route.operation} of {route.service}.")
        return await self.run(partial(_run, _Call(exchange, identity, address, route, operation, body)))

    async def run(self, work: Callable[[], T]) -> T:
        """What the work answers, in one of the threads; Throttled where too much waits already."""
        if self._pending >= self._capacity:
            raise Throttled("Rate exceeded")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._pending -= 1

    def close(self) -> None:
        """Let running handlers end and take no more."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _run(asked: _Call) -> WireAnswer:
    exchange, route = asked.exchange, asked.route
    protocol = PROTOCOLS[asked.address.protocol]
    model = load_operation(route.service, route.operation)
    request = WireRequest(exchange.headers, asked.body, _pairs(exchange.query_string), route.labels)
    members = protocol.parse(request, model)
    output = call(asked.operation, make_context(exchange, asked.identity), members)
    return protocol.render(output, model, request, exchange.request_id)


def _action(exchange: Exchange, address: Address, body: bytes) -> str | None:
    if address.protocol != "query":
        return None
    return read_form(body).get("Action") or decode_query(exchange.query_string).get("Action")


def _pairs(query_string: bytes) -> tuple[tuple[str, str], ...]:
    if not query_string:
        return ()
    pairs = query_pairs(query_string.decode("latin-1"))
    return tuple((unquote_plus(name), unquote_plus(value)) for name, value in pairs)
