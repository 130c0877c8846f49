"""The listening sockets that all gateway workers share."""

import errno
import socket
import time

BACKLOG = 2048
RETRY_SECONDS = 0.05


class CannotListen(Exception):
    """The address is taken or not ours; the text says which and what to do."""


def listen(host: str, port: int, *, patience: float = 0.0) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. It may be in use for ``patience`` seconds more."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return _open(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise CannotListen(_explain(host, port, error)) from error
        time.sleep(RETRY_SECONDS)


def _open(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def bound_port(listener: socket.socket) -> int:
    """The port that the socket has."""
    port: int = listener.getsockname()[1]
    return port


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: choose another with --port, or stop what listens there."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023 with --port."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}."
