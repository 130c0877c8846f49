"""The servers that are measured, each a child process on a free port of the loopback interface."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from kit.load import Address
from kit.requests import Signer

CLARY = (sys.executable, "-m", "clary.cli")
START_SECONDS = 60.0
# What an operator sets so that images can be built at all.
_KEPT = frozenset({"CLARY_BASE_IMAGE", "CLARY_BUILD_NETWORK"})


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that answers."""

    url: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    data_dir: Path

    @property
    def address(self) -> Address:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    @property
    def signer(self) -> Signer:
        return Signer(self.address, self.access_key_id, self.secret_access_key, self.region)

    @property
    def role(self) -> str:
        """The role that every account has for its jobs."""
        return f"arn:aws:iam::{self.account}:role/ClaryExecutionRole"

    def client(self, service: str) -> Any:
        """A boto3 client, for what is prepared and not measured."""
        make: Callable[..., Any] = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )


def clean_environment() -> dict[str, str]:
    """This process's environment without what points at some cloud or platform."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(("AWS_", "CLARY_"))
    } | {"AWS_EC2_METADATA_DISABLED": "true"}


def run_clary(*arguments: str) -> str:
    """Run the command line to its end; what it printed."""
    finished = subprocess.run(
        [*CLARY, *arguments], env=clean_environment(), capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"clary {' '.join(arguments)} failed: {finished.stderr}")
    return finished.stdout


@contextmanager
def running_platform(folder: Path, *options: str) -> Iterator[Platform]:
    """A platform on ``folder`` for the length of the block; it must not run there yet."""
    where = ("--data-dir", str(folder))
    facts = json.loads(run_clary("up", "--detach", "--json", "--port", "0", *where, *options))
    try:
        yield Platform(**facts | {"data_dir": Path(facts["data_dir"])})
    finally:
        run_clary("down", *where)


@contextmanager
def running_server(
    command: Sequence[str], *, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[Address]:
    """A peer's server for the length of the block."""
    address = ("127.0.0.1", port)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=clean_environment() | dict(environment or {})
        )
        try:
            _wait_for_port(process, address)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for one benchmark, on the disk that holds temporary files."""
    with tempfile.TemporaryDirectory(prefix="clary-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def find_free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for_port(process: subprocess.Popen[bytes], address: Address) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer after {START_SECONDS:.0f} s")
