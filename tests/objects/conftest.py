"""An S3 server that is not written here, and a client of the platform for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from clary.kernel.ids import new_uid
from clary.kernel.platform import Platform
from clary.objects.cache import Cache
from clary.objects.client import s3_client
from clary.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = "000000000000"


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def platform(s3_url: str, tmp_path: Path) -> Iterator[Platform]:
    settings = Settings(
        data_dir=tmp_path / "clary",
        database_url=f"sqlite:///{tmp_path / 'clary.db'}",
        s3_endpoint_url=s3_url,
        s3_access_key_id="key",
        s3_secret_access_key="secret",
    )
    platform = Platform.open(settings)
    yield platform
    platform.database.dispose()


@pytest.fixture
def s3(platform: Platform) -> "S3Client":
    return s3_client(platform, ACCOUNT)


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"test-{new_uid()}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")
