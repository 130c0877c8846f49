import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clary.kernel.errors import ClientFault, PlatformFault
from clary.objects.artifacts import (
    Uploaded,
    extract_archive,
    folder_is_empty,
    upload_archive,
    upload_folder,
)
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read(s3: "S3Client", uri: S3Uri) -> bytes:
    return s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "code" / "run.py").write_bytes(b"pass")
    return folder


def test_an_archive_goes_up_and_comes_back(s3: "S3Client", bucket: str, model: Path, tmp_path: Path) -> None:
    uri = S3Uri(bucket, "job/output/model.tar.gz")
    assert upload_archive(s3, model, uri) == Uploaded(2, 11)
    with tarfile.open(fileobj=io.BytesIO(read(s3, uri)), mode="r:gz") as archive:
        assert archive.getnames() == ["code", "code/run.py", "model.bin"]
    for _ in range(2):  # the second time it replaces what the first one left
        extract_archive(s3, uri, tmp_path / "back")
        assert (tmp_path / "back" / "model.bin").read_bytes() == b"weights"
        (tmp_path / "back" / "left over").touch()
    extract_archive(s3, uri, tmp_path / "back")
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["code", "model.bin"]


def test_an_archive_of_many_parts_arrives_whole(
    s3: "S3Client", bucket: str, tmp_path: Path, model: Path
) -> None:
    with Path("/dev/urandom").open("rb") as noise:
        (model / "large").write_bytes(noise.read(40 << 20))
    uri = S3Uri(bucket, "model.tar.gz")
    upload_archive(s3, model, uri)
    extract_archive(s3, uri, tmp_path / "back")
    assert (tmp_path / "back" / "large").read_bytes() == (model / "large").read_bytes()


def test_an_upload_frees_the_parts_of_one_that_was_killed(s3: "S3Client", bucket: str, model: Path) -> None:
    uri = S3Uri(bucket, "job/output/model.tar.gz")
    for key in (uri.key, f"{uri.key}.old"):
        upload_id = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=b"part")
    upload_archive(s3, model, uri)
    unfinished = [each["Key"] for each in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    assert unfinished == [f"{uri.key}.old"]
    assert read(s3, uri)


def test_what_a_killed_extraction_left_is_in_nobodys_way(
    s3: "S3Client", bucket: str, model: Path, tmp_path: Path
) -> None:
    uri = S3Uri(bucket, "model.tar.gz")
    upload_archive(s3, model, uri)
    (tmp_path / ".back.partial" / "half").mkdir(parents=True)
    extract_archive(s3, uri, tmp_path / "back")
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["code", "model.bin"]
    assert not (tmp_path / ".back.partial").exists()


def test_loose_files_go_below_the_prefix(s3: "S3Client", bucket: str, model: Path) -> None:
    (model / "link").symlink_to("model.bin")
    assert upload_folder(s3, model, S3Uri(bucket, "out/")) == Uploaded(2, 11, ("link",))
    assert read(s3, S3Uri(bucket, "out/model.bin")) == b"weights"
    assert read(s3, S3Uri(bucket, "out/code/run.py")) == b"pass"


def test_a_bad_archive_leaves_the_destination_as_it_was(s3: "S3Client", bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="bad.tar.gz", Body=b"no archive")
    destination = tmp_path / "there"
    destination.mkdir()
    (destination / "kept").touch()
    with pytest.raises(ClientFault, match="no tar"):
        extract_archive(s3, S3Uri(bucket, "bad.tar.gz"), destination)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["there"]
    assert [path.name for path in destination.iterdir()] == ["kept"]


def test_a_missing_model_is_the_clients_fault(s3: "S3Client", bucket: str, tmp_path: Path) -> None:
    with pytest.raises(ClientFault, match=rf"NoSuchKey \(404\): .* s3://{bucket}/none"):
        extract_archive(s3, S3Uri(bucket, "none"), tmp_path / "out")


def test_a_missing_output_bucket_is_the_clients_fault(s3: "S3Client", model: Path) -> None:
    with pytest.raises(ClientFault, match=r"Artifact upload failed:NoSuchBucket \(404\)"):
        upload_archive(s3, model, S3Uri("no-such-bucket", "model.tar.gz"))


def test_an_unreachable_server_is_the_platforms_fault(model: Path) -> None:
    import boto3
    from botocore.config import Config

    away = boto3.session.Session().client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(PlatformFault, match="Artifact upload failed: s3://bucket/model"):
        upload_archive(away, model, S3Uri("bucket", "model.tar.gz"))


def test_a_folder_of_folders_is_empty(tmp_path: Path) -> None:
    assert folder_is_empty(tmp_path / "missing")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert folder_is_empty(tmp_path)
    (tmp_path / "a" / "b" / "file").touch()
    assert not folder_is_empty(tmp_path)
