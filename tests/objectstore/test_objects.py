"""Objects: bodies, headers, ranges, conditions, deletion."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.refusing import refusal

SIZES = [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, 1024 * 1024, 3 * 1024 * 1024 + 7]
KEYS = [
    "a//b", ".", "..", "../up", "folder/", " spaces and+plus ", "ünï/çødé/日本語/🎈", "%41", "a?b&c=d#e",
    "x" * 1024, "quote\"'<>&", "tab\tand\x7f", "*", "~user", "a/./b/../c",
]  # fmt: skip


def pattern(size: int) -> bytes:
    """Bytes that differ from block to block."""
    seed = bytes(range(251))
    return (seed * (size // len(seed) + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_a_body_comes_back_as_it_was_sent(s3: Any, bucket: str, size: int) -> None:
    body = pattern(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body
    assert (got["ContentLength"], got["ETag"]) == (size, put["ETag"])
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["ETag"], head["ContentType"]) == (
        size,
        put["ETag"],
        "binary/octet-stream",
    )


@pytest.mark.parametrize("key", KEYS)
def test_any_key_is_taken_as_it_is(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})
    assert deleted["Deleted"] == [{"Key": key}]
    assert refusal(s3.get_object, Bucket=bucket, Key=key)[::2] == ("NoSuchKey", 404)


def test_a_key_beyond_1024_bytes_is_refused(s3: Any, bucket: str) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key="é" * 513, Body=b"").code == "KeyTooLongError"


def test_metadata_and_content_headers_are_kept(s3: Any, bucket: str) -> None:
    said = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentDisposition": 'attachment; filename="a.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "nl",
        "StorageClass": "STANDARD_IA",
        "Metadata": {"owner": "data team", "x-y": "1"},
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", **said)
    for answer in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert {name: answer[name] for name in said} == said
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {}


def test_metadata_has_a_limit(s3: Any, bucket: str) -> None:
    refused = refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"big": "x" * 2100})
    assert refused.code == "MetadataTooLarge"


def test_a_reader_may_override_headers(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="text/html", ResponseCacheControl="private"
    )
    assert (got["ContentType"], got["CacheControl"]) == ("text/html", "private")


@pytest.mark.parametrize("size", [1000, 3 * 1024 * 1024])
@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=990-", slice(990, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=500-99999999", slice(500, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_a_range_is_cut_out(s3: Any, bucket: str, size: int, text: str, span: slice) -> None:
    body = pattern(size)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    start, stop, _ = span.indices(size)
    expected = body[start:stop]
    got = s3.get_object(Bucket=bucket, Key="k", Range=text)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == expected
    assert got["ContentRange"] == f"bytes {start}-{stop - 1}/{size}"
    assert s3.head_object(Bucket=bucket, Key="k", Range=text)["ContentLength"] == len(expected)


@pytest.mark.parametrize("text", ["bytes=5-2", "bytes=0-1,3-4", "bytes=a-b", "lines=1-2"])
def test_a_range_that_is_none_is_ignored(s3: Any, bucket: str, text: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=text)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, b"0123456789")


def test_a_range_outside_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for key, text in (("k", "bytes=10-"), ("k", "bytes=-0"), ("empty", "bytes=0-"), ("empty", "bytes=-1")):
        assert refusal(s3.get_object, Bucket=bucket, Key=key, Range=text)[::2] == ("InvalidRange", 416)


def test_reads_are_conditional(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    early, late = modified - timedelta(hours=1), modified + timedelta(hours=1)
    for allowed in (
        {"IfMatch": etag}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'}, {"IfModifiedSince": early},
        {"IfUnmodifiedSince": late}, {"IfMatch": etag, "IfUnmodifiedSince": early},
        {"IfNoneMatch": '"other"', "IfModifiedSince": late},
    ):  # fmt: skip
        assert s3.get_object(Bucket=bucket, Key="k", **allowed)["Body"].read() == b"1"
    for unchanged in (
        {"IfNoneMatch": etag},
        {"IfModifiedSince": late},
        {"IfNoneMatch": etag, "IfModifiedSince": early},
    ):
        assert refusal(s3.get_object, Bucket=bucket, Key="k", **unchanged).status == 304
        assert refusal(s3.head_object, Bucket=bucket, Key="k", **unchanged).status == 304
    for failing in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": early}):
        assert refusal(s3.get_object, Bucket=bucket, Key="k", **failing)[::2] == ("PreconditionFailed", 412)


def test_writes_are_conditional(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")[::2] == (
        "PreconditionFailed",
        412,
    )
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"no"').status == 412
    assert refusal(s3.put_object, Bucket=bucket, Key="absent", Body=b"2", IfMatch=etag)[::2] == (
        "NoSuchKey",
        404,
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert refusal(s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag).status == 412
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_of_many_who_create_one_key_one_succeeds(s3: Any, bucket: str) -> None:
    def attempt(number: int) -> bool:
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=str(number), IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "PreconditionFailed":
                return False
            raise
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


def test_concurrent_writes_of_one_key_leave_one_whole_body(s3: Any, bucket: str) -> None:
    bodies = [bytes([number]) * 200_000 for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda body: s3.put_object(Bucket=bucket, Key="k", Body=body), bodies))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() in bodies


def test_a_reader_keeps_the_body_that_is_replaced(s3: Any, bucket: str) -> None:
    old = pattern(8 * 1024 * 1024)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    got = s3.get_object(Bucket=bucket, Key="k")
    first = got["Body"].read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    assert first + got["Body"].read() == old


def test_deletion_is_idempotent(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(s3.head_object, Bucket=bucket, Key="k").status == 404


def test_a_batch_is_deleted_loudly_or_quietly(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=key)
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "absent"}]})
    assert [entry["Key"] for entry in deleted["Deleted"]] == ["a", "absent"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]


def test_the_time_of_modification_is_now(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert abs(datetime.now(UTC) - modified) < timedelta(minutes=1)


def test_an_unknown_version_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"1"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", VersionId="abc").code == "InvalidArgument"


def test_object_tags_come_with_the_object_or_later(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="a=1&b=two%20words")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "two words"},
    ]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "c", "Value": ""}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert (
        refusal(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": many}).code == "BadRequest"
    )
    assert refusal(s3.get_object_tagging, Bucket=bucket, Key="absent").code == "NoSuchKey"
