"""A serving container without a platform: the real entry as a child process on a free port."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.waiting import wait_for

XGBOOST = (sys.executable, "-m", "clary_algorithms", "xgboost", "serve")


@dataclass(frozen=True, slots=True)
class Response:
    """What the server answered."""

    status: int
    content_type: str | None
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class ServingContainer:
    """A running model server."""

    process: subprocess.Popen[bytes]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Response:
        """One request on a connection of its own; `content_type=` is the header Content-Type."""
        connection = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Response(response.status, response.getheader("content-type"), response.read())
        finally:
            connection.close()

    def invoke(self, body: bytes, **headers: str) -> Response:
        return self.request("POST", "/invocations", body, **headers)

    def answers(self) -> bool:
        assert self.process.poll() is None, "the model server ended before it was ready"
        try:
            return self.request("GET", "/ping").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Send SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def serving(command: Sequence[str], *, root: Path, **environment: str) -> Iterator[ServingContainer]:
    """Start a model server and wait until it answers; it is stopped at the end."""
    port = find_free_port()
    with subprocess.Popen(
        command,
        env={
            **os.environ,
            "CLARY_ML_ROOT": str(root),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            **environment,
        },
    ) as process:
        container = ServingContainer(process, port)
        try:
            wait_for(container.answers, what="the model server")
            yield container
        finally:
            process.kill()


def image(uri: str) -> dict[str, str]:
    """The variables that tell a container its image."""
    repository, _, tag = uri.partition(":")
    return {"CLARY_IMAGE_REPOSITORY": repository, "CLARY_IMAGE_TAG": tag}


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
