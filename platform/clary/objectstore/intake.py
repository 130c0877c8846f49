"""Takes one body in: decodes, hashes and writes it, block by block, and checks what was promised of it."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.bodies import Bodies, BodyFile
from clary.objectstore.errors import bad_digest
from clary.objectstore.promises import BodyPromise

INLINE_LIMIT = 64 * 1024


class Layout(StrEnum):
    """Where a body's bytes are."""

    INLINE = "inline"
    FILE = "file"
    PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is safe, but that no row names yet. ``data`` holds the bytes of an inline one."""

    id: int
    layout: Layout
    size: int
    md5: str
    checksums: dict[str, str]
    data: bytes | None = None


class Intake:
    """One body on its way in. Not for concurrent use; ``feed`` and ``finish`` may block on the disk.

    ``path`` is None for a body that goes into the database.
    """

    def __init__(self, promise: BodyPromise, bodies: Bodies, *, body: int, path: str | None) -> None:
        self._promise = promise
        self._body = body
        self._bodies = bodies
        self._path = path
        self._file: BodyFile | None = None
        self._data: list[bytes | memoryview] = []
        self._size = 0
        names = promise.algorithms | {"MD5"} | ({"SHA256"} if promise.sha256 else set())
        self._sums = {name: checksums.new_checksum(name) for name in names}

    def feed(self, blocks: Sequence[bytes]) -> None:
        """Take the next raw blocks."""
        decoder = self._promise.decoder
        decoded: Sequence[bytes | memoryview] = decoder.feed(blocks) if decoder else blocks
        self._size += sum(map(len, decoded))
        if self._size > self._promise.at_most:
            raise self._wrong_size()
        for running in self._sums.values():
            for chunk in decoded:
                running.update(chunk)
        if self._path is None:
            self._data.extend(decoded)
        else:
            self._open(self._path).write(decoded)

    def finish(self) -> Body:
        """The body, durable unless inline; an error where it is not what was promised."""
        digests = {name: running.digest() for name, running in self._sums.items()}
        self._check(digests)
        if self._path is not None:
            self._open(self._path).finish()
        return Body(
            id=self._body,
            layout=Layout.INLINE if self._path is None else Layout.FILE,
            size=self._size,
            md5=digests["MD5"].hex(),
            checksums={name: checksums.encode(digests[name]) for name in self._promise.algorithms},
            data=b"".join(self._data) if self._path is None else None,
        )

    def discard(self) -> None:
        """Forget the body."""
        if self._file is not None:
            self._file.discard()

    def _open(self, path: str) -> BodyFile:
        if self._file is None:
            self._file = self._bodies.create(path)
        return self._file

    def _check(self, digests: dict[str, bytes]) -> None:
        promise = self._promise
        if self._size < promise.at_least or (promise.decoder and not promise.decoder.done):
            raise self._wrong_size()
        if promise.sha256 and not hmac.compare_digest(digests["SHA256"].hex(), promise.sha256):
            raise ServiceError(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                code="XAmzContentSHA256Mismatch",
            )
        if promise.md5 is not None and promise.md5 != digests["MD5"]:
            raise bad_digest("Content-MD5")
        expected = promise.checksum
        if promise.trailer:
            expected = promise.decoder.trailers.get(promise.trailer) if promise.decoder else None
            if expected is None:
                raise ServiceError(
                    "The request contained trailing data that was not well-formed or did not conform to our "
                    "published schema.",
                    code="MalformedTrailerError",
                )
        if expected is not None and expected != checksums.encode(digests[promise.algorithm]):
            raise bad_digest(promise.algorithm)

    def _wrong_size(self) -> ServiceError:
        at_least, at_most = self._promise.at_least, self._promise.at_most
        if at_least == at_most:
            return ServiceError(
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
                code="IncompleteBody",
            )
        if self._size < at_least:
            return ServiceError(
                "Your proposed upload is smaller than the minimum allowed size",
                code="EntityTooSmall",
                ProposedSize=str(self._size),
                MinSizeAllowed=str(at_least),
            )
        return ServiceError(
            "Your proposed upload exceeds the maximum allowed size",
            code="EntityTooLarge",
            ProposedSize=str(self._size),
            MaxSizeAllowed=str(at_most),
        )
