"""A real platform in a folder of its own, as tests use it: the command line, its URL and boto3 clients."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

CLARY = (sys.executable, "-m", "clary.cli")
COMMAND_SECONDS = 120


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what points at some cloud or platform."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLARY_"))}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true"} | more


def run_clary(
    *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    return subprocess.run(
        [*CLARY, *arguments],
        env=dict(environment or clean_environment()),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """A platform that answers."""

    url: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    data_dir: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a child process whose AWS calls go to the platform."""
        return clean_environment(
            AWS_ENDPOINT_URL=self.url,
            AWS_ACCESS_KEY_ID=self.access_key_id,
            AWS_SECRET_ACCESS_KEY=self.secret_access_key,
            AWS_DEFAULT_REGION=self.region,
            AWS_REGION=self.region,
        )

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client with nothing special but the address and the key; options replace ours."""
        chosen = {
            "endpoint_url": self.url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return boto3.client(service, **chosen | options)

    def clary(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the command line on this platform."""
        environment = clean_environment(CLARY_DATA_DIR=str(self.data_dir))
        return run_clary(*arguments, environment=environment)


def start_platform(folder: Path, *arguments: str, **variables: str) -> RunningPlatform:
    """``clary up --detach`` on a free port."""
    started = run_clary(
        "up", "--detach", "--json", "--port", "0", "--data-dir", str(folder), *arguments,
        environment=clean_environment(**variables),
    )  # fmt: skip
    assert started.returncode == 0, f"clary up failed: {started.stderr}\n{read_logs(folder)}"
    facts = json.loads(started.stdout)
    return RunningPlatform(**facts | {"data_dir": Path(facts["data_dir"])})


@contextmanager
def running_platform(folder: Path, *arguments: str, **variables: str) -> Iterator[RunningPlatform]:
    """A platform for the length of the block."""
    try:
        yield start_platform(folder, *arguments, **variables)
    finally:
        run_clary("down", "--data-dir", str(folder))


def process_ids(folder: Path) -> dict[str, int]:
    """The platform's processes by role, as ``clary status`` tells them."""
    status = json.loads(run_clary("status", "--json", "--data-dir", str(folder)).stdout)
    return {process["role"]: process["pid"] for process in status["processes"]}


def troubles(platform: RunningPlatform, *, code: int = 0) -> dict[str, str]:
    """What ``clary status`` says is wrong, by subject; its exit code must be ``code``."""
    ended = platform.clary("status", "--json")
    assert ended.returncode == code, ended.stdout
    return {each["subject"]: each["message"] for each in json.loads(ended.stdout)["troubles"]}


def read_logs(folder: Path) -> str:
    """The ends of the platform's own logs, for a failed test's report."""
    files = sorted((folder / "logs" / "platform").glob("*"))
    return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in files)
