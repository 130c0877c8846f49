"""Multipart uploads, from their creation to the object they become."""

import hashlib
import io
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from support.refusing import refusal
from support.store_process import StoreProcess
from support.waiting import wait_for

MIB = 1024 * 1024
PART = 5 * MIB


def bytes_of(letter: str, size: int) -> bytes:
    """A body that is easily told from others."""
    return letter.encode() * size


def begin(s3: Any, bucket: str, **said: Any) -> dict[str, Any]:
    """Start an upload; what names it in later calls."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **said)
    return {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}


def add(s3: Any, upload: dict[str, Any], number: int, body: bytes, **said: Any) -> dict[str, Any]:
    """Send one part; what names it in the completion."""
    answer = s3.upload_part(**upload, PartNumber=number, Body=body, **said)
    checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": answer["ETag"], **checksums}


def complete(s3: Any, upload: dict[str, Any], *parts: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Complete an upload."""
    answer: dict[str, Any] = s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": list(parts)}, **said
    )
    return answer


def test_the_transfer_library_uploads_and_downloads(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * (90 * 1024)
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "k", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    target = io.BytesIO()
    s3.download_fileobj(bucket, "k", target, Config=config)
    assert target.getvalue() == body
    head = s3.head_object(Bucket=bucket, Key="k")
    digests = b"".join(
        hashlib.md5(body[start : start + PART], usedforsecurity=False).digest()
        for start in range(0, len(body), PART)
    )
    assert head["ETag"] == f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-5"'
    assert head["Metadata"] == {"a": "b"}


def test_parts_become_the_object_in_order(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ContentType="text/plain", Tagging="a=1")
    last = add(s3, upload, 7, b"tail")
    first = add(s3, upload, 2, bytes_of("a", PART))
    unused = add(s3, upload, 3, bytes_of("x", PART))
    assert unused
    completed = complete(s3, upload, first, last)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == bytes_of("a", PART) + b"tail"
    assert (got["ETag"], got["ContentType"]) == (completed["ETag"], "text/plain")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert (
        s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={PART - 2}-{PART + 1}")["Body"].read() == b"aata"
    )
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (part["Body"].read(), part["PartsCount"]) == (b"tail", 2)
    assert refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=3).status == 416


def test_a_part_sent_again_replaces_the_first(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    old = add(s3, upload, 1, b"old")
    new = add(s3, upload, 1, b"new")
    assert (
        refusal(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [old]}).code
        == "InvalidPart"
    )
    complete(s3, upload, new)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_completion_is_checked(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32")
    first, second = add(s3, upload, 1, b"small"), add(s3, upload, 2, b"end")

    def code(*parts: dict[str, Any]) -> str:
        return refusal(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": list(parts)}).code

    assert code(first, second) == "EntityTooSmall"
    assert code(second, first) == "InvalidPartOrder"
    assert code(first, first) == "InvalidPartOrder"
    assert code({"PartNumber": 9, "ETag": first["ETag"]}) == "InvalidPart"
    assert code({**first, "ETag": '"0123"'}) == "InvalidPart"
    assert code({**first, "ChecksumCRC32": "AAAAAA=="}) == "InvalidPart"
    assert code() == "MalformedXML"
    wrong_size = refusal(
        s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [first]}, MpuObjectSize=99
    )
    assert wrong_size.code == "InvalidRequest"
    assert complete(s3, upload, first, MpuObjectSize=5)["ETag"].endswith('-1"')


def test_completion_may_be_repeated(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    part = add(s3, upload, 1, b"1")
    first, second = complete(s3, upload, part), complete(s3, upload, part)
    assert first["ETag"] == second["ETag"]


def test_completion_is_conditional(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload = begin(s3, bucket)
    part = add(s3, upload, 1, b"1")
    refused = refusal(
        s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [part]}, IfNoneMatch="*"
    )
    assert refused.code == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


def test_an_aborted_upload_is_gone_with_its_files(store: StoreProcess, s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    add(s3, upload, 1, bytes_of("a", PART))
    folder = next(path.parent for path in store.bodies if path.parent.name == upload["UploadId"])
    s3.abort_multipart_upload(**upload)
    for call, more in ((s3.upload_part, {"PartNumber": 1, "Body": b""}), (s3.list_parts, {})):
        assert refusal(call, **upload, **more)[::2] == ("NoSuchUpload", 404)
    assert refusal(s3.abort_multipart_upload, **upload).code == "NoSuchUpload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    wait_for(lambda: not folder.exists(), what="the deletion of the parts")


def test_an_upload_belongs_to_its_key(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    other = {**upload, "Key": "other"}
    assert refusal(s3.upload_part, **other, PartNumber=1, Body=b"").code == "NoSuchUpload"
    assert (
        refusal(s3.upload_part, **{**upload, "UploadId": "nonsense"}, PartNumber=1, Body=b"").code
        == "NoSuchUpload"
    )


@pytest.mark.parametrize("number", [0, 10_001])
def test_part_numbers_have_bounds(s3: Any, bucket: str, number: int) -> None:
    assert refusal(s3.upload_part, **begin(s3, bucket), PartNumber=number, Body=b"").code == "InvalidArgument"


def test_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    sent = [add(s3, upload, number, str(number).encode()) for number in (3, 1, 2)]
    pages = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2})
    listed = [part for page in pages for part in page["Parts"]]
    assert [part["PartNumber"] for part in listed] == [1, 2, 3]
    assert listed[2]["ETag"] == sent[0]["ETag"]


def test_uploads_are_listed_in_pages_and_rolled_up(s3: Any, bucket: str) -> None:
    keys = ["a", "a", "a", "d/1", "d/2", "e"]
    for key in keys:
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    assert [upload["Key"] for page in pages for upload in page["Uploads"]] == keys
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in rolled["CommonPrefixes"]] == ["d/"]
    assert [upload["Key"] for upload in rolled["Uploads"]] == ["a", "a", "a", "e"]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket, Prefix="d/")["Uploads"]] == [
        "d/1",
        "d/2",
    ]


def test_attributes_tell_of_the_parts(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    bodies = enumerate((bytes_of("a", PART), b"b"), 1)
    parts = [add(s3, upload, number, body, ChecksumAlgorithm="SHA256") for number, body in bodies]
    completed = complete(s3, upload, *parts)
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    told = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=asked, MaxParts=1)
    assert (told["ETag"], told["ObjectSize"]) == (completed["ETag"].strip('"'), PART + 1)
    assert told["Checksum"] == {"ChecksumSHA256": completed["ChecksumSHA256"], "ChecksumType": "COMPOSITE"}
    listed = told["ObjectParts"]
    assert (listed["TotalPartsCount"], listed["IsTruncated"]) == (2, True)
    assert listed["Parts"] == [{"PartNumber": 1, "Size": PART, "ChecksumSHA256": parts[0]["ChecksumSHA256"]}]


def test_a_reader_keeps_the_parts_that_are_replaced(store: StoreProcess, s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    bodies = [bytes_of("a", 2 * PART), bytes_of("b", 2 * PART)]
    complete(s3, upload, *(add(s3, upload, number, body) for number, body in enumerate(bodies, 1)))
    folder = next(path.parent for path in store.bodies if path.parent.name == upload["UploadId"])
    got = s3.get_object(Bucket=bucket, Key="k")
    first = got["Body"].read(100)
    s3.delete_object(Bucket=bucket, Key="k")
    assert first + got["Body"].read() == b"".join(bodies)
    s3.put_object(Bucket=bucket, Key="k", Body=bytes_of("c", 100_000))
    s3.put_object(Bucket=bucket, Key="k", Body=bytes_of("d", 100_000))  # wakes the collector
    wait_for(lambda: not folder.exists(), what="the deletion of the parts")
