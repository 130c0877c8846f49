"""The connection to a Docker engine, and what its errors mean."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import docker
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from clary.kernel.errors import PlatformFault
from clary.runtimes.engine_probe import find_engine_url

_CALL_SECONDS = 60
_CONNECTIONS = 128  # each container that runs holds two: its log and its wait


@dataclass
class Engine:
    """A Docker engine. ``client`` connects when it is first used.

    ``network`` is the one that the platform's own container shares with those it starts; None where the
    platform runs on the machine itself.
    """

    url: str
    network: str | None = None

    @classmethod
    def find(cls, *, network: str | None = None) -> "Engine":
        """The engine that the ``docker`` command would use."""
        return cls(find_engine_url(), network)

    @cached_property
    def client(self) -> docker.DockerClient:
        with readable_errors("connecting to the Docker engine"):
            return docker.DockerClient.from_env(
                environment={**os.environ, "DOCKER_HOST": self.url},
                timeout=_CALL_SECONDS,
                max_pool_size=_CONNECTIONS,
            )

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What ``docker info`` tells."""
        with readable_errors("asking the Docker engine about itself"):
            facts: dict[str, Any] = self.client.info()
            return facts

    @cached_property
    def is_rootless(self) -> bool:
        """Whether root inside a container is an ordinary user outside."""
        return any("rootless" in option for option in self.facts.get("SecurityOptions") or ())

    @cached_property
    def is_direct(self) -> bool:
        """Whether the platform reaches a container by its own address; not so past a virtual machine."""
        if self.network is not None:
            return True
        is_local = sys.platform == "linux" and self.url.startswith("unix://")
        return (
            is_local
            and not self.is_rootless
            and "Docker Desktop" not in self.facts.get("OperatingSystem", "")
        )

    @cached_property
    def has_gpus(self) -> bool:
        """Whether containers may be given NVIDIA GPUs."""
        return "nvidia" in (self.facts.get("Runtimes") or {})

    @cached_property
    def cpus(self) -> int:
        """Processors of the engine's machine."""
        return int(self.facts.get("NCPU") or 1)


@contextmanager
def readable_errors(doing: str) -> Iterator[None]:
    """Turn the engine's errors into a PlatformFault that says what was being done."""
    try:
        yield
    except APIError as error:
        raise PlatformFault(f"{doing}: {error.explanation or error}") from error
    except (DockerException, RequestException) as error:
        raise PlatformFault(f"{doing}: {error}") from error
