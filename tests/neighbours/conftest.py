"""The neighbours behind the wire, over HTTP on this machine, and an account of its own for every test."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from clary.aws import operations
from clary.aws.app import WireApp
from clary.kernel import clock
from clary.kernel.platform import Platform
from clary.settings import Settings
from clary.store import Base
from clary.store.log_files import append_lines
from clary.store.log_streams import ensure_stream
from clary.store.roles import administrator_principal, create_default_roles
from clary.store.tables import CredentialRow
from support.waiting import wait_for

REGION = "eu-west-1"
Client = Callable[..., Any]

_accounts = itertools.count(100_000_000_000)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("neighbours")
    platform = Platform.open(Settings(data_dir=folder))
    Base.metadata.create_all(platform.database.engine)
    yield platform
    platform.database.dispose()


@pytest.fixture(scope="session")
def url(platform: Platform) -> Iterator[str]:
    operations.discover(["clary.neighbours"])
    app = WireApp(platform, streaming={})
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started, what="the server's start")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def account(platform: Platform) -> str:
    """A new account with an administrator's key of the same name and the roles that come with it."""
    account = str(next(_accounts))
    with platform.database.write() as session:
        session.add(
            CredentialRow(
                access_key_id=f"AKIA{account}",
                secret_access_key="secret",
                account=account,
                principal=administrator_principal(account),
                created_at=clock.now(),
            )
        )
        create_default_roles(session, account)
    return account


@pytest.fixture
def client(url: str, account: str) -> Client:
    """``client("logs")``: a boto3 client of the account; options replace its own."""

    def make(service: str, **options: Any) -> Any:
        chosen = {
            "endpoint_url": url,
            "region_name": REGION,
            "aws_access_key_id": f"AKIA{account}",
            "aws_secret_access_key": "secret",
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return boto3.client(service, **chosen | options)

    return make


@pytest.fixture
def logs(client: Client) -> Any:
    return client("logs")


@pytest.fixture
def write(platform: Platform, account: str) -> Callable[..., Path]:
    """``write(group, stream, [(ms, text)])``: append to the file as a runtime does; gives the file."""

    def append(group: str, stream: str, events: list[tuple[int, str]]) -> Path:
        with platform.database.write() as session:
            path = ensure_stream(session, account=account, region=REGION, group=group, stream=stream)
        append_lines(platform.settings.folder / path, events)
        return platform.settings.folder / path

    return append
