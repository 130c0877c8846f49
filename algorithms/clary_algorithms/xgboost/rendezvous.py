"""How the hosts of a job find each other: the first one hears who has data and tells all where to meet."""

import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from clary_algorithms.contract.errors import PlatformError

PORT = 9099
_DEADLINE_SECONDS = 1800
"""Hosts come at different times: each loads its share of the data first."""
_PAUSE_SECONDS = 0.2

Roll = dict[str, bool]
"""Whether each host takes part, by name."""


def resolve(host: str, *, deadline: float) -> str:
    """The host's address. Names appear as the hosts start, so it asks again until the deadline."""
    while True:
        try:
            return socket.gethostbyname(host)
        except OSError as error:
            if time.monotonic() > deadline:
                raise PlatformError(f"host {host} does not resolve: {error}") from error
        time.sleep(_PAUSE_SECONDS)


def start_deadline() -> float:
    return time.monotonic() + _DEADLINE_SECONDS


def gather(
    hosts: Sequence[str], *, takes_part: bool, answer: Callable[[Roll], dict[str, Any]], deadline: float
) -> dict[str, Any]:
    """On the first host: wait for every other's report, then send each what ``answer`` makes of the roll."""
    roll: Roll = {hosts[0]: takes_part}
    connections: list[socket.socket] = []
    try:
        with socket.create_server((resolve(hosts[0], deadline=deadline), PORT)) as server:
            while len(roll) < len(hosts):
                connection = _accept(server, deadline=deadline, missing=set(hosts) - set(roll))
                connections.append(connection)
                report = _receive(connection)
                roll[report["host"]] = report["takes_part"]
        reply = answer(roll)
        for connection in connections:
            _send(connection, reply)
    finally:
        for connection in connections:
            connection.close()
    return reply


def report(hosts: Sequence[str], *, current: str, takes_part: bool, deadline: float) -> dict[str, Any]:
    """On any other host: report to the first and wait for its answer."""
    address = resolve(hosts[0], deadline=deadline)
    with _connect(address, deadline=deadline) as connection:
        connection.settimeout(_DEADLINE_SECONDS)
        _send(connection, {"host": current, "takes_part": takes_part})
        return _receive(connection)


def _accept(server: socket.socket, *, deadline: float, missing: set[str]) -> socket.socket:
    server.settimeout(max(deadline - time.monotonic(), 0.01))
    try:
        connection, _ = server.accept()
    except TimeoutError as error:
        raise PlatformError(f"hosts {sorted(missing)} did not report in time") from error
    connection.settimeout(_DEADLINE_SECONDS)
    return connection


def _connect(address: str, *, deadline: float) -> socket.socket:
    while True:
        try:
            return socket.create_connection((address, PORT), timeout=10)
        except OSError as error:
            if time.monotonic() > deadline:
                raise PlatformError(f"the first host, {address}, does not answer: {error}") from error
        time.sleep(_PAUSE_SECONDS)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> dict[str, Any]:
    with connection.makefile("rb") as stream:
        line = stream.readline()
    if not line:
        raise PlatformError("a host closed the connection before all had met")
    message: dict[str, Any] = json.loads(line)
    return message
