"""A data folder without any space left."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support.jobs import Jobs
from support.refusing import Refused, refusal
from support.running import RunningPlatform, running_platform, troubles

MEBIBYTE = 1 << 20
SIZE = 32 * MEBIBYTE


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform on a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small file system that is filled here")
    disk = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "clary-test", disk], check=True)
    try:
        with running_platform(disk / "data", "--runtime", "process") as platform:
            yield platform
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


# Into the database, into a file, and more than the disk takes at all.
@pytest.mark.parametrize("size", [50_000, MEBIBYTE, 2 * SIZE])
def test_a_full_disk_refuses_objects_and_loses_none(platform: RunningPlatform, size: int) -> None:
    s3 = platform.client("s3")
    bucket = f"full-{size}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="before", Body=b"before")
    taken: list[str] = []
    with no_space_left(platform.data_dir):
        refused = put_until_refused(s3, bucket, bytes(size), taken)
        assert refused.code == "InsufficientStorage"
        assert refused.status == 507
        assert s3.get_object(Bucket=bucket, Key="before")["Body"].read() == b"before"
        assert platform.clary("status").returncode == 0
    s3.put_object(Bucket=bucket, Key="after", Body=bytes(MEBIBYTE))
    listed = {entry["Key"]: entry["Size"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert listed == {"before": 6, "after": MEBIBYTE} | dict.fromkeys(taken, size)
    for key in taken:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == bytes(size)


def test_jobs_run_again_once_there_is_space(platform: RunningPlatform) -> None:
    jobs = Jobs(platform)
    request = jobs.request("echo 1 > model/m")
    with no_space_left(platform.data_dir):
        put_until_refused(jobs.s3, jobs.bucket, bytes(50_000), [])
        assert refusal(jobs.sagemaker.create_training_job, **request).status == 500
    jobs.sagemaker.create_training_job(**request)
    assert jobs.model(jobs.finish(request["TrainingJobName"])) == {"m": "1\n"}


@pytest.mark.parametrize("then", ["sleep 1000", "true", "exit 3"])
def test_a_job_that_fills_the_disk_fails_by_that_name(platform: RunningPlatform, then: str) -> None:
    jobs = Jobs(platform)
    other = jobs.create(
        "echo started; until rm model/go; do sleep 0.05; done 2>/dev/null; echo kept > model/m"
    )
    jobs.says(other, "started")
    described = jobs.run(f"head --bytes {2 * SIZE} /dev/zero > model/big; {then}", status="Failed")
    assert described["FailureReason"].startswith("ClientError: No space left on device")
    # Who filled nothing goes on, and so does the platform.
    (model,) = platform.data_dir.glob("jobs/**/model")
    (model / "go").touch()
    assert jobs.model(jobs.finish(other)) == {"m": "kept\n"}
    assert jobs.leftovers() == []


def test_a_folder_that_is_read_only_for_a_while_loses_nothing(platform: RunningPlatform) -> None:
    jobs = Jobs(platform)
    running = jobs.create(
        "echo started; until rm model/go; do sleep 0.05; done 2>/dev/null; echo kept > model/m"
    )
    jobs.says(running, "started")
    (model,) = platform.data_dir.glob("jobs/**/model")
    with read_only(platform.data_dir):
        assert "read-only" in troubles(platform)["disk"]
        report = platform.clary("doctor")
        assert report.returncode == 1
        assert "can't be written to" in report.stdout
        assert jobs.describe(running)["TrainingJobStatus"] == "InProgress"
    (model / "go").touch()
    assert jobs.model(jobs.finish(running)) == {"m": "kept\n"}
    assert "read-only" not in str(troubles(platform))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Cover the folder by a read-only view of itself; files that are open stay writable."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def put_until_refused(s3: Any, bucket: str, body: bytes, taken: list[str]) -> Refused:
    """Put one object after the other; the keys that were taken are added to ``taken``."""
    for key in map(str, range(1000)):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body)
        except s3.exceptions.ClientError:
            return refusal(s3.put_object, Bucket=bucket, Key=key, Body=body)
        taken.append(key)
    raise AssertionError("the full disk took a thousand objects")


@contextmanager
def no_space_left(folder: Path) -> Iterator[None]:
    """Fill the file system that the folder is on."""
    filler = folder / "filler"
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield
    finally:
        filler.unlink()
