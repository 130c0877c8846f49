"""Copies of objects and into parts."""

from datetime import timedelta
from typing import Any

import pytest

from support.refusing import refusal
from support.store_process import make_bucket

PART = 5 * 1024 * 1024


@pytest.mark.parametrize("size", [0, 100, 100_000, 2 * PART])
def test_a_copy_has_body_headers_and_tags(s3: Any, bucket: str, size: int) -> None:
    body = b"x" * size
    put = s3.put_object(
        Bucket=bucket, Key="a/ü b", Body=body, ContentType="text/plain", Metadata={"m": "1"}, Tagging="t=1"
    )
    target = make_bucket(s3)
    copied = s3.copy_object(Bucket=target, Key="b", CopySource={"Bucket": bucket, "Key": "a/ü b"})
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    s3.delete_object(Bucket=bucket, Key="a/ü b")
    got = s3.get_object(Bucket=target, Key="b", ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/plain", {"m": "1"}, put["ETag"])
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert s3.get_object_tagging(Bucket=target, Key="b")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_a_copy_may_replace_metadata_and_tags(s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket, Key="a", Body=b"1", ContentType="text/plain", Metadata={"m": "1"}, Tagging="t=1"
    )
    s3.copy_object(
        Bucket=bucket, Key="b", CopySource=f"{bucket}/a", MetadataDirective="REPLACE", Metadata={"n": "2"},
        ContentType="text/csv", TaggingDirective="REPLACE", Tagging="u=2",
    )  # fmt: skip
    got = s3.head_object(Bucket=bucket, Key="b")
    assert (got["Metadata"], got["ContentType"]) == ({"n": "2"}, "text/csv")
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "u", "Value": "2"}]


def test_an_object_is_copied_to_itself_only_with_a_change(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"y" * 100_000, Metadata={"m": "1"})
    itself = {"Bucket": bucket, "Key": "a", "CopySource": f"{bucket}/a"}
    assert refusal(s3.copy_object, **itself).code == "InvalidRequest"
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"m": "2"})
    got = s3.get_object(Bucket=bucket, Key="a")
    assert (got["Metadata"], got["Body"].read()) == ({"m": "2"}, b"y" * 100_000)


def test_a_copy_is_conditional_on_its_source(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    copy = {"Bucket": bucket, "Key": "b", "CopySource": f"{bucket}/a"}
    for failing in (
        {"CopySourceIfMatch": '"no"'},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfModifiedSince": modified + timedelta(hours=1)},
        {"CopySourceIfUnmodifiedSince": modified - timedelta(hours=1)},
    ):
        assert refusal(s3.copy_object, **copy, **failing)[::2] == ("PreconditionFailed", 412)
    s3.copy_object(**copy, CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=modified - timedelta(hours=1))


def test_a_copy_needs_a_source(s3: Any, stranger: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert refusal(s3.copy_object, Bucket=bucket, Key="b", CopySource=f"{bucket}/absent").code == "NoSuchKey"
    assert (
        refusal(s3.copy_object, Bucket=bucket, Key="b", CopySource="absent-bucket/a").code == "NoSuchBucket"
    )
    theirs = make_bucket(stranger)
    assert (
        refusal(stranger.copy_object, Bucket=theirs, Key="b", CopySource=f"{bucket}/a").code == "AccessDenied"
    )


def test_a_copy_may_ask_for_another_checksum(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"z" * 100_000)
    copied = s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a", ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"]
    got = s3.get_object(Bucket=bucket, Key="b", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"z" * 100_000
    assert got["ChecksumSHA256"] == copied["CopyObjectResult"]["ChecksumSHA256"]


def test_parts_are_copied_from_ranges(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * (4 * PART // 256)
    s3.put_object(Bucket=bucket, Key="a", Body=body)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    upload = {"Bucket": bucket, "Key": "b", "UploadId": upload_id}
    parts = []
    for number, (first, last) in enumerate([(PART, 2 * PART - 1), (3, 9)], 1):
        copied = s3.upload_part_copy(
            **upload, PartNumber=number, CopySource=f"{bucket}/a", CopySourceRange=f"bytes={first}-{last}"
        )
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    for bad in (f"bytes=0-{len(body)}", "bytes=5-"):
        refused = refusal(
            s3.upload_part_copy, **upload, PartNumber=3, CopySource=f"{bucket}/a", CopySourceRange=bad
        )
        assert refused.code == "InvalidArgument"
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == body[PART : 2 * PART] + body[3:10]
    whole = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/b")
    assert "-" not in whole["CopyObjectResult"]["ETag"]
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == body[PART : 2 * PART] + body[3:10]
