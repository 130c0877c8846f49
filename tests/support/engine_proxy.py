"""A socket in front of the machine's Docker engine, which a test can cut: the engine itself is left alone."""

import os
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENGINE = "/var/run/docker.sock"
BLOCK = 1 << 16


class EngineProxy:
    """Passes connections on to the engine while it is joined."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        self._path = path
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.join()

    def join(self) -> None:
        """Listen."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._path))
        self._listener.listen(128)
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Close the socket and every connection, as an engine that stops does."""
        self._path.unlink()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
            engine.connect(ENGINE)
            with self._lock:
                self._connections |= {client, engine}
            try:
                _copy(client, engine)
            except OSError:
                pass  # cut
            finally:
                with self._lock:
                    self._connections -= {client, engine}


def _copy(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until one side closes."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in ready.select():
                source: socket.socket = key.fileobj  # type: ignore[assignment]
                data = source.recv(BLOCK)
                if not data:
                    return
                key.data.sendall(data)


@contextmanager
def engine_proxy(folder: Path) -> Iterator[EngineProxy]:
    """A joined proxy; DOCKER_HOST is its ``url``."""
    proxy = EngineProxy(folder / f"engine-{os.getpid()}.sock")
    try:
        yield proxy
    finally:
        proxy.cut()
