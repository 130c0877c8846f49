"""Checksums: computed, compared, kept and told, for whole objects and for parts."""

import base64
import hashlib
import zlib
from typing import Any

import pytest

from support.refusing import refusal

PART = 5 * 1024 * 1024
ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"]
# Check values of the ASCII digits 1 to 9, from the algorithms' own definitions.
KNOWN = {"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_client_and_the_store_agree(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
    value = put[f"Checksum{algorithm}"]
    if algorithm in KNOWN:
        assert base64.b64decode(value).hex() == KNOWN[algorithm]
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"123456789"
    assert (got[f"Checksum{algorithm}"], got["ChecksumType"]) == (value, "FULL_OBJECT")
    # Sent by hand, the value that the store told is taken, and another is not.
    s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{f"Checksum{algorithm}": value})
    refused = refusal(
        s3.put_object, Bucket=bucket, Key="k", Body=b"12345678", **{f"Checksum{algorithm}": value}
    )
    assert (refused.code, refused.status) == ("BadDigest", 400)


def test_without_a_clients_checksum_the_store_makes_one(store: Any, bucket: str) -> None:
    client = store.client(request_checksum_calculation="when_required")
    put = client.put_object(Bucket=bucket, Key="k", Body=b"123456789")
    assert base64.b64decode(put["ChecksumCRC64NVME"]).hex() == KNOWN["CRC64NVME"]


def test_checksums_are_told_when_asked_and_for_whole_bodies(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"123456789")
    assert "ChecksumCRC32" in s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    ranged = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", Range="bytes=0-1")
    assert "ChecksumCRC32" not in ranged


def test_content_md5_is_compared(s3: Any, bucket: str) -> None:
    right = base64.b64encode(hashlib.md5(b"body", usedforsecurity=False).digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"body", ContentMD5=right)
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"other", ContentMD5=right).code == "BadDigest"
    assert (
        refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"body", ContentMD5="abc").code == "InvalidDigest"
    )
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


def test_a_malformed_checksum_is_refused(s3: Any, bucket: str) -> None:
    assert (
        refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", ChecksumCRC32="AAA=").code
        == "InvalidRequest"
    )


def upload_two(s3: Any, bucket: str, **said: Any) -> dict[str, Any]:
    """A multipart object of two parts; the completion's answer."""
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k", **said)["UploadId"]
    upload = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
    algorithm = said.get("ChecksumAlgorithm", "CRC64NVME")
    parts = []
    for number, body in enumerate((b"a" * PART, b"tail"), 1):
        answer = s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        name = f"Checksum{algorithm}"
        parts.append({"PartNumber": number, "ETag": answer["ETag"], name: answer[name]})
    answer = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"a" * PART + b"tail"
    assert got[f"Checksum{algorithm}"] == answer[f"Checksum{algorithm}"]
    completed: dict[str, Any] = answer
    return completed


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_composite_checksums_are_of_the_parts_checksums(s3: Any, bucket: str, algorithm: str) -> None:
    completed = upload_two(s3, bucket, ChecksumAlgorithm=algorithm)
    assert completed["ChecksumType"] == "COMPOSITE"
    assert completed[f"Checksum{algorithm}"].endswith("-2")
    if algorithm == "SHA256":
        digests = hashlib.sha256(b"a" * PART).digest() + hashlib.sha256(b"tail").digest()
        whole = base64.b64encode(hashlib.sha256(digests).digest()).decode()
        assert completed["ChecksumSHA256"] == f"{whole}-2"


def test_full_object_checksums_are_of_the_bytes(s3: Any, bucket: str) -> None:
    completed = upload_two(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    expected = zlib.crc32(b"a" * PART + b"tail").to_bytes(4, "big")
    assert (completed["ChecksumType"], base64.b64decode(completed["ChecksumCRC32"])) == (
        "FULL_OBJECT",
        expected,
    )


def test_uploads_without_an_algorithm_have_the_stores_own(store: Any, bucket: str) -> None:
    client = store.client(request_checksum_calculation="when_required")
    upload_id = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    upload = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
    etag = client.upload_part(**upload, PartNumber=1, Body=b"123456789")["ETag"]
    completed = client.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert base64.b64decode(completed["ChecksumCRC64NVME"]).hex() == KNOWN["CRC64NVME"]
    assert completed["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_types_that_an_algorithm_cannot_have_are_refused(
    s3: Any, bucket: str, algorithm: str, kind: str
) -> None:
    refused = refusal(
        s3.create_multipart_upload, Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind
    )
    assert refused.code == "InvalidRequest"


def test_a_part_must_use_the_uploads_algorithm(s3: Any, bucket: str) -> None:
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    refused = refusal(
        s3.upload_part,
        Bucket=bucket,
        Key="k",
        UploadId=upload_id,
        PartNumber=1,
        Body=b"1",
        ChecksumAlgorithm="CRC32",
    )
    assert refused.code == "InvalidRequest"


def test_a_wrong_checksum_of_the_whole_is_refused(s3: Any, bucket: str) -> None:
    upload_id = s3.create_multipart_upload(
        Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    upload = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"123456789", ChecksumAlgorithm="CRC32")["ETag"]
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    assert (
        refusal(s3.complete_multipart_upload, **upload, **parts, ChecksumCRC32="AAAAAA==").code == "BadDigest"
    )
    right = base64.b64encode(bytes.fromhex(KNOWN["CRC32"])).decode()
    assert s3.complete_multipart_upload(**upload, **parts, ChecksumCRC32=right)["ChecksumCRC32"] == right
