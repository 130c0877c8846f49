"""A whole platform around the object store: the wire with its signatures, on a real socket."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from clary.aws.app import WireApp
from clary.kernel import clock
from clary.kernel.platform import Platform
from clary.objectstore.service import ObjectStore
from clary.settings import Settings
from clary.store import Base
from clary.store.tables import CredentialRow

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111111111111"
KEYS = {ACCOUNT: ("AKIAOWNER", "owner-secret"), OTHER_ACCOUNT: ("AKIAOTHER", "other-secret")}

Connect = Callable[..., Any]


def make_platform(folder: Path) -> Platform:
    """A platform with a fresh schema and one key pair an account."""
    platform = Platform.open(Settings(data_dir=folder))
    Base.metadata.create_all(platform.database.engine)
    with platform.database.write() as session:
        for account, (access_key_id, secret) in KEYS.items():
            session.merge(
                CredentialRow(
                    access_key_id=access_key_id,
                    secret_access_key=secret,
                    session_token=None,
                    account=account,
                    principal=f"arn:aws:iam::{account}:root",
                    created_at=clock.now(),
                    expires_at=None,
                )
            )
    return platform


def connect_to(url: str, account: str = ACCOUNT, **config: Any) -> Any:
    """A boto3 client for a server."""
    access_key_id, secret = KEYS[account]
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=config.pop("region", "us-east-1"),
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's platform keeps everything."""
    return tmp_path_factory.mktemp("objectstore")


@pytest.fixture(scope="session")
def url(data_folder: Path) -> Iterator[str]:
    """The address of a server that lives as long as the session."""
    platform = make_platform(data_folder)
    store = ObjectStore(platform)
    app = WireApp(platform, {"s3": store})
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    started = threading.Event()
    original = server.startup

    async def startup(*args: Any, **kwargs: Any) -> None:
        await original(*args, **kwargs)
        started.set()

    server.startup = startup  # type: ignore[method-assign]  # uvicorn has no hook for "listening"
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(20)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)
    store.close()
    platform.database.dispose()


@pytest.fixture(scope="session")
def connect(url: str) -> Connect:
    """Makes clients: ``connect(account, **config)``."""
    return lambda account=ACCOUNT, **config: connect_to(url, account, **config)


@pytest.fixture(scope="session")
def s3(connect: Connect) -> Any:
    """A client of the first account."""
    return connect()


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own."""
    name = f"b{abs(hash(request.node.nodeid)):x}"[:40]
    s3.create_bucket(Bucket=name)
    return name
