"""The commands for backup and restore, taken from the guide: what is restored is what there was."""

import os
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.endpoints import Endpoints
from support.flow import Flow
from support.instances import ProcessMachine
from support.pages import DOCS, find_section_blocks
from support.running import RunningPlatform, clean_environment, running_platform
from support.servers import DATABASE_VARIABLE, miss_postgres

PAGE = DOCS / "operations.md"
STOPPED, ONLINE = find_section_blocks(PAGE, "Backup", "sh")
(DUMP,) = find_section_blocks(PAGE, "Backup", "bash")
UNPACK, UPGRADE = find_section_blocks(PAGE, "Restore", "sh")
(FILL,) = find_section_blocks(PAGE, "Restore", "bash")
LARGE = 3 << 20


def run_commands(text: str, platform: RunningPlatform, **variables: str) -> None:
    """Run a block of the page for a platform."""
    environment = clean_environment(
        CLARY_DATA_DIR=str(platform.data_dir),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **variables,
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


@contextmanager
def writing(platform: RunningPlatform, bucket: str) -> Iterator[None]:
    """Somebody stores, replaces and deletes large objects for the length of the block."""
    s3 = platform.client("s3")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for number in range(8):
                s3.put_object(Bucket=bucket, Key=f"busy/{number}", Body=bytes(LARGE))
            s3.delete_object(Bucket=bucket, Key="busy/3")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Left:
    """What a platform holds: an endpoint of a trained model, objects of all sizes, a log, tags."""

    def __init__(self, platform: RunningPlatform) -> None:
        flow = Flow(platform)
        self.bucket = flow.bucket
        self.job = flow.start_training(flow.upload())
        self.model = flow.finish(self.job)["ModelArtifacts"]["S3ModelArtifacts"]
        self.endpoint = flow.host(self.model)
        self.objects = {"small": b"s", "large": os.urandom(LARGE), "parts": os.urandom(LARGE * 3)}
        for key, body in self.objects.items():
            flow.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.described = flow.describe(self.job)
        self.lines = flow.lines(self.job)
        self.running = flow.create("echo started; sleep 600")
        flow.says(self.running, "started")

    def check(self, platform: RunningPlatform) -> None:
        """All of it is there, and serves."""
        flow = Flow(platform)
        for key, body in self.objects.items():
            assert flow.get(f"s3://{self.bucket}/{key}") == body
        assert self._without_metadata(flow.describe(self.job)) == self._without_metadata(self.described)
        assert flow.lines(self.job) == self.lines
        endpoints = Endpoints(platform, ProcessMachine())
        endpoints.wait_instances(self.endpoint, 1)
        flow.check(self.endpoint)
        lost = flow.finish(self.running, status="Failed")
        assert "the container was lost" in lost["FailureReason"]
        flow.finish(flow.start_training(flow.upload()))
        flow.take_down(self.endpoint)

    def end(self, platform: RunningPlatform) -> None:
        """Leave nothing running on the platform that was copied."""
        flow = Flow(platform)
        flow.stop(self.running)
        flow.take_down(self.endpoint)

    @staticmethod
    def _without_metadata(described: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in described.items() if name != "ResponseMetadata"}


def restore_online_copy(platform: RunningPlatform) -> Path:
    """Unpack the copy that was made while the platform ran; the new folder."""
    folder = platform.data_dir
    folder.with_name(f"{folder.name}.copy.tar.gz").rename(folder.with_name(f"{folder.name}.tar.gz"))
    run_commands(UNPACK, platform)
    return folder.with_name(f"{folder.name}.restored")


def test_copies_of_a_platform_that_runs_and_of_one_that_is_stopped(tmp_path: Path) -> None:
    options = (tmp_path / "clary", "--runtime", "process")
    with running_platform(*options) as platform:
        left = Left(platform)
        with writing(platform, left.bucket):
            run_commands(ONLINE, platform)
        restored = restore_online_copy(platform)
        run_commands(UPGRADE, platform)
        with running_platform(restored, "--runtime", "process") as beside:
            left.check(beside)
        shutil.rmtree(restored)
        run_commands(STOPPED, platform)
        run_commands(UNPACK, platform)
        run_commands(UPGRADE, platform)
        with running_platform(restored, "--runtime", "process") as alone:
            left.check(alone)
    with running_platform(*options) as platform:
        left.end(platform)


@pytest.fixture
def databases() -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases."""
    if shutil.which("pg_dump") is None:
        miss_postgres("pg_dump is not installed")
    server = sa.make_url(os.environ[DATABASE_VARIABLE])
    engine = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    names = [f"test_{uuid.uuid4().hex}" for _ in range(2)]
    with engine.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        yield tuple(server.set(database=name).render_as_string(hide_password=False) for name in names)
        for name in names:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.postgres
def test_a_copy_with_postgresql(tmp_path: Path, databases: tuple[str, str]) -> None:
    first, second = databases
    online, replaced = re.subn(r"^python3 .*\\\n.*\n", DUMP, ONLINE, flags=re.MULTILINE)
    assert replaced == 1
    with running_platform(tmp_path / "clary", "--runtime", "process", CLARY_DATABASE_URL=first) as platform:
        left = Left(platform)
        with writing(platform, left.bucket):
            run_commands(online, platform, CLARY_DATABASE_URL=first)
        restored = restore_online_copy(platform)
        run_commands(FILL, platform, CLARY_DATABASE_URL=second)
        run_commands(UPGRADE, platform, CLARY_DATABASE_URL=second)
        with running_platform(restored, "--runtime", "process", CLARY_DATABASE_URL=second) as other:
            left.check(other)
        left.end(platform)
