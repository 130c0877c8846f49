"""S3 through the platform's own URL, with its own keys, where the objects live on another server."""

import base64
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config

from support.raw_store import Signed
from support.refusing import refusal
from support.running import RunningPlatform, running_platform
from support.s3servers import (
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SERVERS,
    S3Server,
    s3_client_of,
    s3_server,
)
from support.store_process import ACCOUNT, KEYS

BODY = bytes(range(256)) * 800
PIECES = [BODY[:65536], BODY[65536:]]
CHECKSUM = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
NAME = "a folder/ünïcode +&=%.txt"


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A store on loopback."""
    with s3_server(request.param, tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


@pytest.fixture(scope="module")
def platform(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform on that store, with a key that raw requests are signed with."""
    settings = {
        "CLARY_S3_ENDPOINT_URL": server.url,
        "CLARY_S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "CLARY_S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "CLARY_ACCOUNT_ID": ACCOUNT,
        "CLARY_ACCESS_KEY_ID": KEYS[ACCOUNT][0],
        "CLARY_SECRET_ACCESS_KEY": KEYS[ACCOUNT][1],
    }
    folder = tmp_path_factory.mktemp("platform")
    with running_platform(folder, "--runtime", "process", "--no-controller", **settings) as platform:
        yield platform


@pytest.fixture
def s3(platform: RunningPlatform) -> Any:
    """A client of the platform."""
    return platform.client("s3")


@pytest.fixture
def there(server: S3Server) -> Any:
    """A client of the store itself."""
    return s3_client_of(server.url)


@pytest.fixture
def bucket(request: pytest.FixtureRequest, s3: Any) -> str:
    """A bucket that the platform was asked for."""
    name = f"through-{zlib.crc32(request.node.nodeid.encode()):08x}"
    s3.create_bucket(Bucket=name)
    return name


def test_objects_go_to_the_store_and_come_from_it(
    platform: RunningPlatform, s3: Any, there: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key=NAME, Body=BODY, ContentType="text/x", Metadata={"who": "me"})
    got = there.get_object(Bucket=bucket, Key=NAME)
    assert (got["Body"].read(), got["ContentType"]) == (BODY, "text/x")
    there.put_object(Bucket=bucket, Key="theirs", Body=b"theirs")
    assert s3.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"theirs"
    assert s3.head_object(Bucket=bucket, Key=NAME)["ContentLength"] == len(BODY)
    # rclone gives the whole object's checksum with a range.
    trusting = platform.client("s3", config=Config(response_checksum_validation="when_required"))
    assert trusting.get_object(Bucket=bucket, Key=NAME, Range="bytes=1-3")["Body"].read() == BODY[1:4]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="a folder/", Delimiter="/")
    assert [entry["Key"] for entry in listed["Contents"]] == [NAME]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": NAME})
    assert there.get_object(Bucket=bucket, Key="copy")["Body"].read() == BODY
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": NAME}, {"Key": "theirs"}]})
    s3.delete_object(Bucket=bucket, Key="copy")
    assert "Contents" not in there.list_objects_v2(Bucket=bucket)
    assert bucket in {entry["Name"] for entry in s3.list_buckets()["Buckets"]}
    s3.delete_bucket(Bucket=bucket)
    assert refusal(there.head_bucket, Bucket=bucket).status == 404


def test_an_upload_in_parts_arrives_whole(s3: Any, there: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(BODY * 60)
    parts = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20)
    s3.upload_file(str(tmp_path / "large"), bucket, "large", Config=parts)
    there.download_file(bucket, "large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == BODY * 60


def test_presigned_urls_work(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": NAME}
    put = urllib.request.Request(s3.generate_presigned_url("put_object", where), data=BODY, method="PUT")
    put.add_unredirected_header("Content-Type", "")
    urllib.request.urlopen(put).close()
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", where)) as answer:
        assert answer.read() == BODY


@pytest.mark.parametrize("payload", [CHUNKED, f"{CHUNKED}-TRAILER"])
def test_chunked_bodies_are_decoded_on_the_way(
    platform: RunningPlatform, there: Any, bucket: str, payload: str
) -> None:
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(BODY))}
    if payload != CHUNKED:
        headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    put = Signed(f"{platform.url}/{bucket}/k", payload=payload, headers=headers)
    end = b"\r\n" if payload == CHUNKED else None
    framed = put.chunks(PIECES)
    assert put.send(framed + (end or put.trailer("x-amz-checksum-crc32", CHECKSUM)))[0] == 200
    assert there.get_object(Bucket=bucket, Key="k")["Body"].read() == BODY


def test_a_body_that_is_not_what_was_signed_is_kept_nowhere(
    platform: RunningPlatform, there: Any, bucket: str
) -> None:
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(BODY))}
    chunked = Signed(f"{platform.url}/{bucket}/chunked", payload=CHUNKED, headers=headers)
    framed = bytearray(chunked.chunks(PIECES) + b"\r\n")
    framed[-200] ^= 1
    assert chunked.send(bytes(framed))[:2] == (403, "SignatureDoesNotMatch")
    hashed = Signed(f"{platform.url}/{bucket}/hashed", payload="0" * 64, headers={})
    assert hashed.send(BODY)[:2] == (400, "XAmzContentSHA256Mismatch")
    assert "Contents" not in there.list_objects_v2(Bucket=bucket)


def test_strangers_are_refused_before_the_store_is_asked(platform: RunningPlatform, bucket: str) -> None:
    anonymous = platform.client("s3", config=Config(signature_version=UNSIGNED))
    assert refusal(anonymous.list_objects_v2, Bucket=bucket)[::2] == ("AccessDenied", 403)
    unknown = platform.client("s3", aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY)
    assert refusal(unknown.list_objects_v2, Bucket=bucket)[::2] == ("InvalidAccessKeyId", 403)
    s3 = platform.client("s3")
    refused = refusal(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="999999999999")
    assert refused[::2] == ("AccessDenied", 403)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=ACCOUNT)


def test_the_stores_errors_come_back_as_they_are(s3: Any) -> None:
    assert refusal(s3.get_object, Bucket="nowhere-at-all", Key="k")[::2] == ("NoSuchBucket", 404)


def test_temporary_credentials_of_a_role_are_taken(platform: RunningPlatform, bucket: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
    issued = platform.client("sts").assume_role(RoleArn=role, RoleSessionName="job")["Credentials"]
    s3 = boto3.client(
        "s3",
        endpoint_url=platform.url,
        region_name=platform.region,
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"a job's")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"a job's"


def test_a_store_that_is_away_is_named(s3: Any, server: S3Server, bucket: str) -> None:
    server.stop()
    try:
        refused = refusal(s3.put_object, Bucket=bucket, Key="k", Body=BODY)
    finally:
        server.start()
    assert refused[::2] == ("ServiceUnavailable", 503)
    assert server.url in refused.message
    s3.put_object(Bucket=bucket, Key="k", Body=BODY)
