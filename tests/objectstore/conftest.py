"""The object store behind the wire, with its signatures, in a process of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.servers import postgres_url
from support.store_process import OTHER_ACCOUNT, StoreProcess, make_bucket, store_process


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A server that lives as long as the session; the tests use buckets of their own."""
    with store_process(tmp_path_factory.mktemp("objectstore")) as process:
        yield process


@pytest.fixture(scope="session")
def s3(store: StoreProcess) -> Any:
    """A client of the account that owns everything."""
    return store.client()


@pytest.fixture(scope="session")
def stranger(store: StoreProcess) -> Any:
    """A client of another account."""
    return store.client(account=OTHER_ACCOUNT)


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of the test's own."""
    return make_bucket(s3)


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """An empty schema of a PostgreSQL server; its tests are marked ``postgres``."""
    with postgres_url() as url:
        yield url
