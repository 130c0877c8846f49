"""The listening sockets that all gateway workers share."""

import errno
import socket

BACKLOG = 2048


class CannotListen(Exception):
    """The address is taken or not ours; the text says which and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotListen(_explain(host, port, error)) from error


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
