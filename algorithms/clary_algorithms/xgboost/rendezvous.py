"""How the hosts of a job find each other: the first one hears who has data and tells all where to meet.

The connections stay open while the hosts train, so that the first one learns of a host that fails.
"""

import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from clary_algorithms.contract.errors import AlgorithmError, PlatformError

PORT = 9099
_DEADLINE_SECONDS = 1800
"""Hosts come at different times: each loads its share of the data first."""
_PAUSE_SECONDS = 0.2

_DONE = b"."

Roll = dict[str, bool]
"""Whether each host takes part, by name."""
Plan = dict[str, Any]
"""What the first host tells the others."""
Result = TypeVar("Result")


def resolve(host: str) -> str:
    """The host's address. Names appear as the hosts start, so it asks again until the deadline."""
    return _retry(lambda: socket.gethostbyname(host), failure=f"host {host} does not resolve")


class Convener:
    """The first host's side."""

    def __init__(self, hosts: Sequence[str], *, takes_part: bool) -> None:
        """Wait for every other host's report."""
        self.address = resolve(hosts[0])
        self.roll: Roll = {hosts[0]: takes_part}
        self._connections: dict[str, socket.socket] = {}
        deadline = time.monotonic() + _DEADLINE_SECONDS
        with socket.create_server((self.address, PORT)) as server:
            while len(self.roll) < len(hosts):
                connection = _accept(server, deadline=deadline, missing=set(hosts) - set(self.roll))
                report = _receive(connection)
                self.roll[report["host"]] = report["takes_part"]
                self._connections[report["host"]] = connection

    def announce(self, plan: Plan) -> None:
        """Send every other host the plan."""
        for connection in self._connections.values():
            _send(connection, plan)

    def finish(self) -> None:
        """Wait until the hosts that take part are done; raises AlgorithmError for one that fails."""
        for host, connection in self._connections.items():
            if not self.roll[host]:
                continue
            connection.settimeout(None)
            if not connection.recv(1):
                raise AlgorithmError(f"host {host} failed")


class Attendee:
    """Any other host's side."""

    def __init__(self, hosts: Sequence[str], *, current: str, takes_part: bool) -> None:
        """Report to the first host and wait for its plan."""
        self._connection = _connect(resolve(hosts[0]))
        _send(self._connection, {"host": current, "takes_part": takes_part})
        self.plan: Plan = _receive(self._connection)

    def finish(self) -> None:
        """Tell the first host that this one is done."""
        self._connection.sendall(_DONE)
        self._connection.close()


def _accept(server: socket.socket, *, deadline: float, missing: set[str]) -> socket.socket:
    server.settimeout(max(deadline - time.monotonic(), 0.01))
    try:
        connection, _ = server.accept()
    except TimeoutError as error:
        raise PlatformError(f"hosts {sorted(missing)} did not report in time") from error
    connection.settimeout(_DEADLINE_SECONDS)
    return connection


def _connect(address: str) -> socket.socket:
    connection = _retry(
        lambda: socket.create_connection((address, PORT), timeout=10),
        failure=f"the first host, {address}, does not answer",
    )
    connection.settimeout(_DEADLINE_SECONDS)
    return connection


def _retry(attempt: Callable[[], Result], *, failure: str) -> Result:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            return attempt()
        except OSError as error:
            if time.monotonic() > deadline:
                raise PlatformError(f"{failure}: {error}") from error
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
