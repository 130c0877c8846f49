"""The pytest plugin. It imports little, because pytest loads it for every suite of the environment."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clary.testing.platform import ClaryAccount, ClaryPlatform


@pytest.fixture(scope="session")
def clary_platform(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[ClaryPlatform]":
    """A platform of this test session; with pytest-xdist each worker has its own."""
    from clary.testing.platform import start_platform

    with start_platform(tmp_path_factory.mktemp("clary") / "data") as platform:
        yield platform


@pytest.fixture
def clary_account(
    clary_platform: "ClaryPlatform", monkeypatch: pytest.MonkeyPatch
) -> "Iterator[ClaryAccount]":
    """A new account; while the test runs, plain ``boto3.client(…)`` acts as this account."""
    import boto3

    from clary.cli.run import REMOVED, REMOVED_PREFIX

    account = clary_platform.create_account()
    for name in [*REMOVED, *(name for name in os.environ if name.startswith(REMOVED_PREFIX))]:
        monkeypatch.delenv(name, raising=False)
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    # boto3's own session remembers the keys that it found first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield account
    clary_platform.reset(account)
