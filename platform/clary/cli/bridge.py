"""Where containers of a Docker engine on this machine reach the host: the address of its bridge."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.settings import Settings

ENGINE_SOCKET = Path("/var/run/docker.sock")
ENGINE_SECONDS = 3
EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104


def bridge_addresses(settings: "Settings") -> list[str]:
    """Addresses to listen on beside the host: the bridge's own, where jobs may run on Docker."""
    if settings.runtime == "process" or settings.host in EVERY_ADDRESS:
        return []
    # The SDK takes long to import; on most machines without an engine there is nothing to ask.
    if "DOCKER_HOST" not in os.environ and not ENGINE_SOCKET.exists():
        return []
    return _ask_engine()


def _ask_engine() -> list[str]:
    import docker
    from docker.errors import DockerException

    try:
        engine = docker.from_env(timeout=ENGINE_SECONDS)
        ranges = engine.networks.get("bridge").attrs["IPAM"]["Config"] or []
    except (DockerException, OSError):
        return []
    return [gateway for configured in ranges if (gateway := configured.get("Gateway"))]
