"""Runs one control-plane operation: parse, validate, call the handler, check and render its answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote_plus

from clary.aws import operations
from clary.aws.answers import conform
from clary.aws.canonical import decode_query, query_pairs
from clary.aws.exchange import Exchange
from clary.aws.identity import Identity
from clary.aws.models import load_operation
from clary.aws.protocols import PROTOCOLS, WireAnswer, WireRequest
from clary.aws.protocols.query import read_form
from clary.aws.routing import Address, Route, find_operation
from clary.aws.validation import validate_input
from clary.kernel.errors import ServiceError, UnsupportedOperation

# The largest control-plane documents (pipeline definitions, log batches) have 1 MiB.
BODY_LIMIT = 10 * 2**20
# Requests that wait for a thread, beyond those that run.
MAX_WAITING = 512


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
        if self._pending >= self._capacity:
            raise Throttled("Rate exceeded")
        call = _Call(exchange, identity, address, route, operation, body)
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, _run, call)
        finally:
            self._pending -= 1

    def close(self) -> None:
        """Let running handlers end and take no more."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _run(call: _Call) -> WireAnswer:
    exchange, route = call.exchange, call.route
    protocol = PROTOCOLS[call.address.protocol]
    model = load_operation(route.service, route.operation)
    request = WireRequest(exchange.headers, call.body, _pairs(exchange.query_string), route.labels)
    members = protocol.parse(request, model)
    validate_input(route.service, route.operation, members)
    output = call.operation.handler(_context(exchange, call.identity), members) or {}
    fitting = conform(model.output_shape, output) if model.output_shape else {}
    return protocol.render(fitting, model, request, exchange.request_id)


def _context(exchange: Exchange, identity: Identity) -> operations.Context:
    return operations.Context(
        platform=exchange.platform,
        account=identity.account,
        region=identity.region,
        principal=identity.principal,
        access_key_id=identity.access_key_id,
        request_id=exchange.request_id,
    )


def _action(exchange: Exchange, address: Address, body: bytes) -> str | None:
    if address.protocol != "query":
        return None
    return read_form(body).get("Action") or decode_query(exchange.query_string).get("Action")


def _pairs(query_string: bytes) -> tuple[tuple[str, str], ...]:
    if not query_string:
        return ()
    pairs = query_pairs(query_string.decode("latin-1"))
    return tuple((unquote_plus(name), unquote_plus(value)) for name, value in pairs)
