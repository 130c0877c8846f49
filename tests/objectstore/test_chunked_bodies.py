"""Bodies in aws-chunked framing, signed and unsigned, with and without trailers; and hashes of plain ones."""

import base64
import hashlib
import zlib
from typing import Any

import pytest

from support.raw_store import Signed
from support.store_process import StoreProcess

BODY = bytes(range(256)) * 800
PIECES = [BODY[:65536], BODY[65536:65600], BODY[65600:]]
CHECKSUM = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def request(store: StoreProcess, bucket: str, payload: str, **headers: str) -> Signed:
    """A PutObject whose body is still to come."""
    said = {
        "Content-Encoding": "aws-chunked,gzip",
        "X-Amz-Decoded-Content-Length": str(len(BODY)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Signed(f"{store.url}/{bucket}/k", payload=payload, headers=said)


def unsigned(pieces: list[bytes]) -> bytes:
    """The frames of pieces and of the end."""
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n"


def test_signed_chunks_are_decoded(store: StoreProcess, s3: Any, bucket: str) -> None:
    put = request(store, bucket, SIGNED)
    status, _, headers = put.send(put.chunks(PIECES) + b"\r\n")
    assert (status, headers["etag"]) == (200, f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"')
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["ContentEncoding"]) == (BODY, "gzip")


@pytest.mark.parametrize("position", [200, 70_000, -100])
def test_a_changed_byte_breaks_the_chain_of_signatures(
    store: StoreProcess, s3: Any, bucket: str, position: int
) -> None:
    put = request(store, bucket, SIGNED)
    framed = bytearray(put.chunks(PIECES) + b"\r\n")
    framed[position] ^= 1
    assert put.send(bytes(framed))[:2] == (403, "SignatureDoesNotMatch")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_signed_trailer_carries_the_checksum(store: StoreProcess, s3: Any, bucket: str) -> None:
    put = request(store, bucket, f"{SIGNED}-TRAILER", X_Amz_Trailer="x-amz-checksum-crc32")
    framed = put.chunks(PIECES) + put.trailer("x-amz-checksum-crc32", CHECKSUM)
    assert put.send(framed)[0] == 200
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC32"] == CHECKSUM
    wrong = framed.replace(CHECKSUM.encode(), b"AAAAAA==")
    assert put.send(wrong)[:2] == (403, "SignatureDoesNotMatch")


def test_an_unsigned_trailer_carries_the_checksum(store: StoreProcess, s3: Any, bucket: str) -> None:
    put = request(store, bucket, UNSIGNED_TRAILER, X_Amz_Trailer="x-amz-checksum-crc32")
    trailer = f"x-amz-checksum-crc32:{CHECKSUM}\r\n\r\n".encode()
    assert put.send(unsigned(PIECES) + trailer)[0] == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BODY
    assert put.send(unsigned(PIECES) + trailer.replace(CHECKSUM.encode(), b"AAAAAA=="))[:2] == (
        400,
        "BadDigest",
    )
    assert put.send(unsigned(PIECES) + b"\r\n")[:2] == (400, "MalformedTrailerError")


@pytest.mark.parametrize("piece_size", [1, 7, 8192])
def test_frames_may_be_of_any_size(store: StoreProcess, s3: Any, bucket: str, piece_size: int) -> None:
    body = BODY[:20_000]
    put = request(store, bucket, UNSIGNED_TRAILER, X_Amz_Decoded_Content_Length=str(len(body)))
    pieces = [body[start : start + piece_size] for start in range(0, len(body), piece_size)]
    assert put.send(unsigned(pieces) + b"\r\n")[0] == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body


@pytest.mark.parametrize(
    "framed",
    [b"zz\r\nabc\r\n0\r\n\r\n", unsigned(PIECES[:2]) + b"\r\n", unsigned([BODY, b"more"]) + b"\r\n",
     unsigned(PIECES), b"5\r\nabcdefgh\r\n0\r\n\r\n", b""],
)  # fmt: skip
def test_a_broken_frame_is_refused(store: StoreProcess, s3: Any, bucket: str, framed: bytes) -> None:
    put = request(store, bucket, UNSIGNED_TRAILER)
    assert put.send(framed)[:2] == (400, "IncompleteBody")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_the_hash_of_a_plain_body_is_compared(store: StoreProcess, bucket: str) -> None:
    for body in (b"small", BODY * 8):
        declared = hashlib.sha256(body).hexdigest()
        put = Signed(f"{store.url}/{bucket}/k", payload=declared, headers={})
        assert put.send(body)[0] == 200
        assert put.send(body[:-1] + b"?")[:2] == (400, "XAmzContentSHA256Mismatch")


def test_botocore_streams_with_trailers_are_taken(store: StoreProcess, s3: Any, bucket: str) -> None:
    client = store.client(s3={"payload_signing_enabled": False})
    client.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == BODY
