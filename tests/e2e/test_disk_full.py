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
from support.running import RunningPlatform, running_platform

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
