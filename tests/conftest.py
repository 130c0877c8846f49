"""What every test may ask for: servers, databases, and real platforms."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.flows import FlowRecorder
from support.running import RunningPlatform, running_platform
from support.servers import postgres_url, require_docker, require_postgres, sqlite_url


def pytest_addoption(parser: pytest.Parser) -> None:
    """What ``make compatibility`` asks for."""
    parser.addoption("--flows", metavar="FILE", help="write which clients' flows ran, and how, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Tests marked ``flow`` are noted."""
    config.pluginmanager.register(FlowRecorder(config))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked ``docker`` or ``postgres`` need that server."""
    if item.get_closest_marker("docker"):
        require_docker()
    if item.get_closest_marker("postgres"):
        require_postgres()


@pytest.fixture(scope="session")
def docker_engine() -> Any:
    """A client of the Docker engine; its tests are marked ``docker``."""
    import docker

    require_docker()
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with postgres_url() as url:
        yield url


@pytest.fixture(scope="session")
def platform_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A real platform with the process runtime, shared by the session's tests."""
    with running_platform(tmp_path_factory.mktemp("platform"), "--runtime", "process") as platform:
        yield platform


@pytest.fixture(scope="session")
def docker_platform_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A real platform with the Docker runtime; its tests are marked ``docker``."""
    require_docker()
    with running_platform(tmp_path_factory.mktemp("docker-platform"), "--runtime", "docker") as platform:
        yield platform


@pytest.fixture(scope="session")
def client(platform_up: RunningPlatform) -> Callable[..., Any]:
    """``client("sagemaker")``: a boto3 client of the shared platform."""
    return platform_up.client
