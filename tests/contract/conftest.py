"""A wire that serves every operation of the platform, and nothing behind it that would act on its own."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from clary.aws import operations
from support.wire import WireServer, wire_server


@pytest.fixture(scope="session")
def platform_wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    """The gateway's wire over an empty database."""
    operations.discover()
    with wire_server(tmp_path_factory.mktemp("contract")) as server:
        yield server


@pytest.fixture(scope="session")
def raw_client(platform_wire: WireServer) -> Callable[[str], Any]:
    """``raw_client("sagemaker")``: a boto3 client that checks nothing by itself."""
    return cache(platform_wire.raw_client)
