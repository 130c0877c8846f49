"""Decodes aws-chunked bodies: sizes, chunk signatures and trailers. Does no input or output itself.

Source: Amazon S3 API Reference, "Signature calculations for the Authorization header: transferring payload in
multiple chunks", and the same "with trailing headers".
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256
from typing import Any

from clary.kernel.errors import ServiceError

_LINE_LIMIT = 16 * 1024
_EMPTY_HASH = sha256(b"").hexdigest()


@dataclass(slots=True)
class ChunkSigner:
    """The chain of signatures that begins with the request's own."""

    signing_key: bytes = field(repr=False)
    timestamp: str
    scope: str
    previous: str

    def check_chunk(self, data_hash: str, signature: str) -> None:
        """Raise SignatureDoesNotMatch unless the next chunk's signature is right."""
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY_HASH}\n{data_hash}", signature)

    def check_trailer(self, trailer: bytes, signature: str) -> None:
        """Raise SignatureDoesNotMatch unless the trailer's signature is right."""
        self._check("AWS4-HMAC-SHA256-TRAILER", sha256(trailer).hexdigest(), signature)

    def _check(self, algorithm: str, hashes: str, signature: str) -> None:
        text = "\n".join((algorithm, self.timestamp, self.scope, self.previous, hashes))
        expected = hmac.digest(self.signing_key, text.encode(), sha256).hex()
        if not hmac.compare_digest(expected, signature):
            raise ServiceError(
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                code="SignatureDoesNotMatch",
                status=403,
            )
        self.previous = expected


class _State(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()
    DONE = auto()


class ChunkedDecoder:
    """Takes raw blocks and gives the bytes of the body; ``trailers`` is complete once ``done`` is True.

    ``signer`` is None where the chunks are unsigned.
    """

    def __init__(self, signer: ChunkSigner | None = None) -> None:
        self.trailers: dict[str, str] = {}
        self._signer = signer
        self._state = _State.SIZE
        self._line = b""
        self._remaining = 0
        self._signature = ""
        self._hash: Any = sha256()
        self._signed_trailer = b""

    @property
    def done(self) -> bool:
        """True when the last chunk and the trailers have been read."""
        return self._state is _State.DONE

    def feed(self, blocks: Iterable[bytes]) -> list[memoryview]:
        """The body's bytes within the next raw blocks."""
        output: list[memoryview] = []
        for block in blocks:
            view = memoryview(block)
            while view and not self.done:
                view = self._take_data(view, output) if self._state is _State.DATA else self._take_line(view)
        return output

    def _take_data(self, view: memoryview, output: list[memoryview]) -> memoryview:
        data, rest = view[: self._remaining], view[self._remaining :]
        if self._signer is not None:
            self._hash.update(data)
        output.append(data)
        self._remaining -= len(data)
        if not self._remaining:
            self._state = _State.DATA_END
        return rest

    def _take_line(self, view: memoryview) -> memoryview:
        head = bytes(view[:_LINE_LIMIT])
        end = head.find(b"\n")
        self._line += head if end < 0 else head[:end]
        if len(self._line) > _LINE_LIMIT:
            raise _malformed()
        if end < 0:
            return view[len(head) :]
        line, self._line = self._line.removesuffix(b"\r"), b""
        self._read_line(line)
        return view[end + 1 :]

    def _read_line(self, line: bytes) -> None:
        if self._state is _State.SIZE:
            self._start_chunk(line)
        elif self._state is _State.DATA_END:
            if line:
                raise _malformed()
            self._end_chunk()
            self._state = _State.SIZE
        elif line:
            self._read_trailer(line)
        else:
            self._state = _State.DONE
            if self._signed_trailer:
                raise _malformed()

    def _start_chunk(self, line: bytes) -> None:
        size, _, extension = line.partition(b";")
        name, _, value = extension.partition(b"=")
        try:
            self._remaining = int(size, 16)
        except ValueError:
            raise _malformed() from None
        if self._remaining < 0 or (self._signer is not None and name.strip() != b"chunk-signature"):
            raise _malformed()
        self._signature = value.strip().decode("latin-1")
        self._state = _State.DATA
        if not self._remaining:
            self._end_chunk()
            self._state = _State.TRAILER

    def _end_chunk(self) -> None:
        if self._signer is not None:
            self._signer.check_chunk(self._hash.hexdigest(), self._signature)
            self._hash = sha256()

    def _read_trailer(self, line: bytes) -> None:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator or len(self.trailers) >= 32:
            raise _malformed()
        name, value = name.strip().lower(), value.strip()
        if name != "x-amz-trailer-signature":
            self.trailers[name] = value
            if self._signer is not None:
                self._signed_trailer += f"{name}:{value}\n".encode("latin-1")
        elif self._signer is not None:
            self._signer.check_trailer(self._signed_trailer, value)
            self._signed_trailer = b""


def _malformed() -> ServiceError:
    return ServiceError("The request body is not a well-formed aws-chunked body.", code="IncompleteBody")
