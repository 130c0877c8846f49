"""What a request promises of its body, by headers, before it sends the body: size, hashes, framing."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from clary.aws.exchange import Exchange
from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.chunked import ChunkedDecoder, ChunkSigner
from clary.objectstore.errors import access_denied, invalid_request

_SIGNED = frozenset({"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"})
_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
LARGEST_PUT = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class BodyPromise:
    """``at_least`` and ``at_most`` bound the decoded body's size, in bytes; most requests tell it exactly.

    ``checksum`` is None where it comes in the trailer ``trailer``, or where the client sends none and the
    store computes ``algorithm`` by itself. ``kept`` is the algorithm of the upload that a part is for, where
    that is another one.
    """

    at_least: int
    at_most: int
    algorithm: str
    checksum: str | None = None
    trailer: str | None = None
    md5: bytes | None = None
    sha256: str | None = None
    decoder: ChunkedDecoder | None = None
    kept: str | None = None

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms whose checksums are wanted."""
        return frozenset({self.algorithm, self.kept or self.algorithm})


def read_promise(exchange: Exchange, *, default_algorithm: str = checksums.DEFAULT_ALGORITHM) -> BodyPromise:
    """The promise of an upload's headers; an error where they contradict each other."""
    headers = exchange.headers
    payload = headers.get("x-amz-content-sha256", "")
    is_chunked = payload.startswith("STREAMING-") or "aws-chunked" in headers.get("content-encoding", "")
    algorithm, checksum, trailer = _read_checksum(headers, default_algorithm)
    size = _read_size(headers, is_chunked=is_chunked)
    return BodyPromise(
        at_least=size,
        at_most=size,
        algorithm=algorithm,
        checksum=checksum,
        trailer=trailer,
        md5=read_content_md5(headers),
        sha256=exchange.declared_payload_hash,
        decoder=_new_decoder(exchange, payload) if is_chunked else None,
    )


def read_content_md5(headers: Mapping[str, str]) -> bytes | None:
    """The digest of a Content-MD5 header, or None where there is none."""
    value = headers.get("content-md5")
    if value is None:
        return None
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        raise ServiceError("The Content-MD5 you specified was invalid.", code="InvalidDigest")
    return digest


def _new_decoder(exchange: Exchange, payload: str) -> ChunkedDecoder:
    if payload not in _SIGNED:
        if payload.startswith("STREAMING-") and payload != _UNSIGNED:
            raise invalid_request(f"The value {payload} of x-amz-content-sha256 is not supported.")
        return ChunkedDecoder()
    identity = exchange.identity
    if identity is None:
        raise access_denied()
    return ChunkedDecoder(
        ChunkSigner(identity.signing_key, identity.timestamp, identity.scope, identity.signature)
    )


def _read_size(headers: Mapping[str, str], *, is_chunked: bool) -> int:
    text = headers.get("x-amz-decoded-content-length" if is_chunked else "content-length")
    if text is None or not text.isdecimal():
        raise ServiceError(
            "You must provide the Content-Length HTTP header.", code="MissingContentLength", status=411
        )
    size = int(text)
    if size > LARGEST_PUT:
        raise ServiceError(
            "Your proposed upload exceeds the maximum allowed size",
            code="EntityTooLarge",
            ProposedSize=str(size),
            MaxSizeAllowed=str(LARGEST_PUT),
        )
    return size


def _read_checksum(headers: Mapping[str, str], default: str) -> tuple[str, str | None, str | None]:
    named = headers.get("x-amz-sdk-checksum-algorithm")
    given = [name for name in checksums.HEADERS if name in headers]
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    if len(given) > 1 or (given and trailer in checksums.HEADERS):
        raise invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if given:
        algorithm, value = checksums.HEADERS[given[0]], headers[given[0]]
        checksums.check_form(algorithm, value)
        return algorithm, value, None
    if trailer:
        if trailer not in checksums.HEADERS:
            raise invalid_request("The value specified in the x-amz-trailer header is not supported")
        return checksums.HEADERS[trailer], None, trailer
    return (checksums.read_algorithm(named) if named else default), None, None
