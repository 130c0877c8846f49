"""Whether a Docker engine answers, found without loading the Docker SDK (20 MB of memory)."""

import json
import os
import socket
from pathlib import Path

_DEFAULT_URL = "unix:///var/run/docker.sock"
_PING = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"


def find_engine_url() -> str:
    """Where the ``docker`` command would look: DOCKER_HOST, its current context, the default socket."""
    return os.environ.get("DOCKER_HOST") or _read_context_url() or _DEFAULT_URL


def _read_context_url() -> str | None:
    folder = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser()
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return None
    name = os.environ.get("DOCKER_CONTEXT") or config.get("currentContext")
    if not name or name == "default":
        return None
    for path in (folder / "contexts" / "meta").glob("*/meta.json"):
        context = json.loads(path.read_text())
        if context.get("Name") == name:
            url: str | None = context.get("Endpoints", {}).get("docker", {}).get("Host")
            return url
    return None


def try_engine(*, timeout: float = 1.0) -> str | None:
    """None where an engine answers within ``timeout`` seconds, else what went wrong."""
    url = find_engine_url()
    scheme, _, place = url.partition("://")
    try:
        if scheme == "unix":
            _ping_socket(place, timeout)
        else:
            _ping_by_sdk(url, timeout)
    except OSError as error:
        return f"no Docker engine answers at {url}: {error.strerror or error}"
    return None


def _ping_socket(path: str, timeout: float) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout)
        channel.connect(path)
        channel.sendall(_PING)
        answer = channel.recv(64)
    if b" 200 " not in answer:
        raise OSError(f"it answered {answer[:40]!r}")


def _ping_by_sdk(url: str, timeout: float) -> None:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.DockerClient.from_env(
            environment={**os.environ, "DOCKER_HOST": url}, timeout=max(1, round(timeout))
        )
        client.ping()
    except DockerException as error:
        raise OSError(str(error)) from error
