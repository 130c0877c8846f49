"""S3 servers that are not written here, on loopback. What they hold survives a stop."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from support.serving import find_free_port
from support.waiting import wait_for

ACCESS_KEY_ID = "AKIAELSEWHERE"
SECRET_ACCESS_KEY = "elsewhere/secret"


class S3Server(Protocol):
    """A server that can go away and come back at the same address."""

    url: str

    def start(self) -> None:
        """Listen, and answer when this returns."""

    def stop(self) -> None:
        """Close the port."""


class MotoServer:
    """moto, in a thread of this process."""

    def __init__(self, _folder: Path) -> None:
        self._port = find_free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class RcloneServer:
    """``rclone serve s3``, a process over a folder; it verifies signatures."""

    def __init__(self, folder: Path) -> None:
        port = find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = shutil.which("rclone", path=str(Path(sys.executable).parent))
        assert program is not None, "rclone is missing: it comes with the development dependencies"
        self._command = [
            program, "serve", "s3", str(folder), "--config", "", "--addr", f"127.0.0.1:{port}",
            "--auth-key", f"{ACCESS_KEY_ID},{SECRET_ACCESS_KEY}", "--force-path-style",
        ]  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        wait_for(lambda: _answers(self.url), what="rclone")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


SERVERS: Mapping[str, Callable[[Path], S3Server]] = {"moto": MotoServer, "rclone": RcloneServer}


@contextmanager
def s3_server(name: str, folder: Path) -> Iterator[S3Server]:
    """A started server."""
    server = SERVERS[name](folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def s3_client_of(url: str) -> Any:
    """A boto3 client with nothing special but the address and the key."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )


def _answers(url: str) -> bool:
    try:
        s3_client_of(url).list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True
