"""The object store in a process of its own, that tests may kill: this file is also its program."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "eu-west-1"
KEYS = {ACCOUNT: ("AKIASTORETEST", "store/test+secret"), OTHER_ACCOUNT: ("AKIAOTHERTEST", "other/secret")}


@dataclass(slots=True)
class StoreProcess:
    """A running server over a data folder."""

    folder: Path
    url: str
    process: "subprocess.Popen[str]"

    def client(self, *, account: str = ACCOUNT, region: str = REGION, **config: Any) -> Any:
        """An unmodified boto3 client; further arguments are botocore's configuration."""
        access_key_id, secret_access_key = KEYS[account]
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
        )

    @property
    def bodies(self) -> list[Path]:
        """The files that hold bodies, of whatever state."""
        folder = self.folder / "objects"
        return [path for path in folder.rglob("*") if path.is_file() and ".claims" not in path.parts]

    @property
    def peak_memory(self) -> int:
        """The most memory that the process ever had resident, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def store_process(folder: Path, database_url: str | None = None) -> Iterator[StoreProcess]:
    """Serve the folder's store until the block ends."""
    environment = {**os.environ, "CLARY_DATA_DIR": str(folder)}
    if database_url is not None:
        environment["CLARY_DATABASE_URL"] = database_url
    command = [sys.executable, __file__]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http"), "the object store did not start"
            yield StoreProcess(folder, url, process)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def make_bucket(client: Any) -> str:
    """A new bucket in the client's region."""
    name = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
    )
    return name


def _serve() -> None:
    import uvicorn

    from clary.aws.app import WireApp
    from clary.kernel import clock
    from clary.kernel.platform import Platform
    from clary.objectstore.service import ObjectStore
    from clary.settings import Settings
    from clary.store import Base
    from clary.store.tables import CredentialRow

    platform = Platform.open(Settings(account_id=ACCOUNT, region=REGION))
    Base.metadata.create_all(platform.database.engine)
    store = ObjectStore(platform)
    with platform.database.write() as session:
        for account, (access_key_id, secret_access_key) in KEYS.items():
            session.merge(
                CredentialRow(
                    access_key_id=access_key_id,
                    secret_access_key=secret_access_key,
                    account=account,
                    principal=f"arn:aws:iam::{account}:root",
                    created_at=clock.now(),
                )
            )
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 - the parent reads it
    app = WireApp(platform, {"s3": store})
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
    store.close()


if __name__ == "__main__":
    _serve()
