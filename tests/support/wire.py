"""The AWS wire alone, in this process on a real port, over a database of its own."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from clary.aws.app import WireApp
from clary.aws.exchange import StreamingService
from clary.kernel import clock
from clary.kernel.platform import Platform
from clary.settings import Settings
from clary.store import Base
from clary.store.tables import CredentialRow
from support.waiting import wait_for

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ACCESS_KEY_ID = "AKIAWIRETEST"
SECRET_ACCESS_KEY = "wire/test+secret"
PRINCIPAL = f"arn:aws:iam::{ACCOUNT}:root"


@dataclass(frozen=True, slots=True)
class WireServer:
    """A wire that answers at ``url``, and one key pair that it knows."""

    url: str
    platform: Platform

    def client(self, service: str, **options: Any) -> Any:
        """An unmodified boto3 client; options replace ours."""
        chosen: dict[str, Any] = {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": ACCESS_KEY_ID,
            "aws_secret_access_key": SECRET_ACCESS_KEY,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return boto3.client(service, **chosen | options)

    def raw_client(self, service: str) -> Any:
        """A client that sends what it is given, unchecked."""
        return self.client(
            service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1})
        )

    def add_credential(self, access_key_id: str, secret_access_key: str, **more: Any) -> None:
        """Make one more key pair known."""
        columns = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "account": ACCOUNT,
            "principal": PRINCIPAL,
            "created_at": clock.now(),
        }
        with self.platform.database.write() as session:
            session.add(CredentialRow(**columns | more))


@contextmanager
def wire_server(
    folder: Path, streaming: Mapping[str, StreamingService] | None = None
) -> Iterator[WireServer]:
    """Serve the operations that are registered now."""
    platform = Platform.open(Settings(data_dir=folder, account_id=ACCOUNT, region=REGION))
    Base.metadata.create_all(platform.database.engine)
    app = WireApp(platform, streaming or {}, threads=4)
    with _serve(app) as url:
        server = WireServer(url, platform)
        server.add_credential(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        yield server
    platform.database.dispose()


@contextmanager
def _serve(app: Any) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, ws="none", lifespan="on", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, what="the wire's server")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()
