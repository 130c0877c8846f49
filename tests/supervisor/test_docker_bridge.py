"""Containers of a Docker engine reach the platform, which listens on loopback and on the engine's bridge."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from support.running import RunningPlatform

READ_HEALTH = (
    "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
)


@pytest.mark.docker
def test_a_container_reaches_the_gateway(docker_platform_up: RunningPlatform, docker_engine: Any) -> None:
    port = urlsplit(docker_platform_up.url).port
    answer = docker_engine.containers.run(
        "python:3.11-slim",
        ["python", "-c", READ_HEALTH, f"http://host.docker.internal:{port}/_clary/health"],
        extra_hosts={"host.docker.internal": "host-gateway"},
        remove=True,
    )
    assert b'"ready":true' in answer
