"""The load generator: prepared requests over kept-alive connections, as bytes.

One process, one uvloop, a protocol that looks at an answer's status and length and nothing else: some 40 µs
of processor time a request, the same for whatever server is measured.
"""

import asyncio
import re
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar, cast

import uvloop

Address = tuple[str, int]
Result = TypeVar("Result")

ANSWER_SECONDS = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class BadAnswer(Exception):
    """A server refused a request that should have succeeded: the measurement is void."""


@dataclass(frozen=True, slots=True)
class Load:
    """A burst of requests: how long each took, and all of them together (seconds)."""

    latencies: Sequence[float]
    elapsed: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.elapsed

    @property
    def p50(self) -> float:
        """The median latency in milliseconds."""
        return median(self.latencies) * 1000


class _Connection(asyncio.Protocol):
    """Sends one request at a time and reads its answer whole."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._needed: int | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or BadAnswer("the connection ended before the answer did"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._needed is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._received, 0, end)
            if length is None:
                self._fail(BadAnswer(f"an answer without a length: {bytes(self._received[:end])!r}"))
                return
            self._needed = end + 4 + int(length[1])
            self.closed = self.closed or _CLOSES.search(self._received, 0, end) is not None
        if len(self._received) >= self._needed and self._answer is not None:
            answer = bytes(self._received)
            self._received.clear()
            self._needed = None
            self._answer.set_result(answer)

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send the request; the answer's bytes, head and body."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def send(address: Address, requests: Sequence[bytes], *, connections: int = 1) -> Load:
    """Send all requests, each connection the next one as soon as it has its answer."""
    return _run(_send(address, requests, connections))


def ask(address: Address, request: bytes) -> bytes:
    """Send one request; the body of its answer."""

    async def once() -> bytes:
        connection = await _connect(address)
        try:
            return await asyncio.wait_for(_ask(connection, request), ANSWER_SECONDS)
        finally:
            connection.close()

    return _run(once()).partition(b"\r\n\r\n")[2]


async def _send(address: Address, requests: Sequence[bytes], connections: int) -> Load:
    pending = iter(requests)
    latencies: list[float] = []
    opened = await asyncio.gather(*(_connect(address) for _ in range(connections)))
    started = time.perf_counter()
    async with asyncio.timeout(ANSWER_SECONDS + len(requests)):
        await asyncio.gather(*(_drain(address, each, pending, latencies) for each in opened))
    return Load(latencies, time.perf_counter() - started)


async def _drain(
    address: Address, connection: _Connection, pending: Iterator[bytes], latencies: list[float]
) -> None:
    for request in pending:
        started = time.perf_counter()
        if connection.closed:
            connection.close()
            connection = await _connect(address)
        await _ask(connection, request)
        latencies.append(time.perf_counter() - started)
    connection.close()


async def _ask(connection: _Connection, request: bytes) -> bytes:
    answer = await connection.ask(request)
    if not b"200" <= answer[9:12] < b"300":
        raise BadAnswer(f"{request[:80]!r}… was answered {answer[:600]!r}")
    return answer


async def _connect(address: Address) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, *address)
    return connection


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
