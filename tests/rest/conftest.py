"""A token of the shared platform, and who uses it."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.rest import Rest, rest_client
from support.running import RunningPlatform


@pytest.fixture(scope="session")
def rest(platform_up: RunningPlatform) -> Iterator[Rest]:
    """The REST API of the shared platform."""
    with rest_client(platform_up, "--name", "tests") as client:
        yield client


@pytest.fixture(scope="session")
def document(rest: Rest) -> dict[str, Any]:
    """The API's description."""
    found: dict[str, Any] = rest.get("/openapi.json").json()
    return found
