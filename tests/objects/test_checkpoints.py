import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clary.kernel.errors import ClientFault
from clary.objects.checkpoints import CheckpointSync
from clary.objects.listing import find_objects
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


@pytest.fixture
def uri(bucket: str) -> S3Uri:
    return S3Uri(bucket, "job/checkpoints")


@pytest.fixture
def sync(s3: "S3Client", folder: Path, uri: S3Uri) -> CheckpointSync:
    return CheckpointSync(s3, folder, uri)


def stored(s3: "S3Client", uri: S3Uri) -> dict[str, bytes]:
    return {
        found.key.removeprefix(f"{uri.key}/"): s3.get_object(Bucket=uri.bucket, Key=found.key)["Body"].read()
        for found in find_objects(s3, uri)
    }


def write(path: Path, content: bytes, *, age: float = 60) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = time.time() - age
    os.utime(path, (moment, moment))


def test_only_changes_go_up(s3: "S3Client", folder: Path, uri: S3Uri, sync: CheckpointSync) -> None:
    write(folder / "1", b"one")
    write(folder / "deep" / "2", b"two")
    assert sync.push() == 2
    assert sync.push() == 0
    write(folder / "1", b"new", age=50)
    assert sync.push() == 1
    assert stored(s3, uri) == {"1": b"new", "deep/2": b"two"}


def test_a_file_in_the_making_waits_until_it_settles_or_the_job_ends(
    s3: "S3Client", folder: Path, uri: S3Uri, sync: CheckpointSync
) -> None:
    write(folder / "1", b"half", age=-60)
    assert sync.push() == 0
    assert stored(s3, uri) == {}
    assert sync.push(final=True) == 1
    assert stored(s3, uri) == {"1": b"half"}


def test_a_removed_file_stays_in_s3(s3: "S3Client", folder: Path, uri: S3Uri, sync: CheckpointSync) -> None:
    write(folder / "1", b"one")
    sync.push()
    (folder / "1").unlink()
    assert sync.push(final=True) == 0
    assert stored(s3, uri) == {"1": b"one"}


def test_a_link_to_the_outside_is_never_read(
    s3: "S3Client", folder: Path, uri: S3Uri, tmp_path: Path, sync: CheckpointSync
) -> None:
    write(tmp_path / "secret", b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    assert sync.push(final=True) == 0
    assert stored(s3, uri) == {}


def test_a_restarted_job_finds_its_checkpoints_and_sends_only_new_ones(
    s3: "S3Client", folder: Path, uri: S3Uri, tmp_path: Path, sync: CheckpointSync
) -> None:
    write(folder / "1", b"one")
    write(folder / "deep" / "2", b"two")
    sync.push()
    s3.put_object(Bucket=uri.bucket, Key=f"{uri.key}-of-another-job/3", Body=b"other")
    restarted = CheckpointSync(s3, tmp_path / "again", uri)
    assert restarted.prefill() == 2
    assert (tmp_path / "again" / "deep" / "2").read_bytes() == b"two"
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == ["1", "deep"]
    assert restarted.push(final=True) == 0
    write(tmp_path / "again" / "3", b"three")
    assert restarted.push() == 1


def test_prefill_keeps_what_the_job_wrote_since(
    s3: "S3Client", folder: Path, uri: S3Uri, sync: CheckpointSync
) -> None:
    s3.put_object(Bucket=uri.bucket, Key=f"{uri.key}/1", Body=b"old")
    write(folder / "1", b"newer")
    assert sync.prefill() == 0
    assert (folder / "1").read_bytes() == b"newer"


def test_a_missing_bucket_is_the_clients_fault(s3: "S3Client", folder: Path) -> None:
    sync = CheckpointSync(s3, folder, S3Uri("no-such-bucket", "x"))
    with pytest.raises(ClientFault, match="NoSuchBucket"):
        sync.prefill()
    write(folder / "1", b"one")
    with pytest.raises(ClientFault, match="Checkpoint upload failed:NoSuchBucket"):
        sync.push()
