"""The checksums that S3 clients may ask for: computed as bytes pass, compared, and joined over parts.

Source: Amazon S3 User Guide, "Checking object integrity". Values are base64 of the big-endian digest.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

from awscrt import checksums as crt

from clary.kernel.errors import ServiceError

FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"
DEFAULT_ALGORITHM = "CRC64NVME"


Bytes = bytes | memoryview


class RunningChecksum(Protocol):
    """What hashlib's objects are, too."""

    def update(self, data: Bytes, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """The checksum of all bytes so far."""


class _Crc:
    def __init__(self, function: Callable[[Bytes, int], int], width: int) -> None:
        self._function = function
        self._width = width
        self._value = 0

    def update(self, data: Bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


class _XXHash:
    def __init__(self, state: crt.XXHash) -> None:
        self._state = state

    def update(self, data: Bytes, /) -> None:
        self._state.update(bytes(data))  # it takes no view

    def digest(self) -> bytes:
        digest: bytes = self._state.finalize()
        return digest


_ALGORITHMS: dict[str, Callable[[], RunningChecksum]] = {
    "CRC32": lambda: _Crc(crt.crc32, 4),
    "CRC32C": lambda: _Crc(crt.crc32c, 4),
    "CRC64NVME": lambda: _Crc(crt.crc64nvme, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "XXHASH64": lambda: _XXHash(crt.XXHash.new_xxhash64()),
    "XXHASH3": lambda: _XXHash(crt.XXHash.new_xxhash3_64()),
    "XXHASH128": lambda: _XXHash(crt.XXHash.new_xxhash3_128()),
}
_COMBINE: dict[str, Callable[[int, int, int], int]] = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}
HEADERS = {f"x-amz-checksum-{name.lower()}": name for name in _ALGORITHMS}


def new_checksum(algorithm: str) -> RunningChecksum:
    """A running checksum; the algorithm's name as S3 spells it."""
    return _ALGORITHMS[algorithm]()


def encode(digest: bytes) -> str:
    """A digest as S3 writes it."""
    return base64.b64encode(digest).decode()


def read_algorithm(name: str) -> str:
    """The algorithm that a request names; InvalidRequest where there is none of that name."""
    algorithm = name.upper()
    if algorithm not in _ALGORITHMS:
        raise ServiceError(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            f"[{', '.join(_ALGORITHMS)}]",
            code="InvalidRequest",
        )
    return algorithm


def read_type(name: str | None, algorithm: str) -> str:
    """The checksum type of a multipart upload: the one asked for, or the algorithm's default."""
    can_combine = algorithm in _COMBINE
    default = FULL_OBJECT if algorithm == DEFAULT_ALGORITHM else COMPOSITE
    chosen = name.upper() if name else default
    if chosen not in {FULL_OBJECT, COMPOSITE}:
        raise ServiceError("Value for x-amz-checksum-type header is invalid.", code="InvalidRequest")
    if (chosen == FULL_OBJECT and not can_combine) or (
        chosen == COMPOSITE and algorithm == DEFAULT_ALGORITHM
    ):
        raise ServiceError(
            f"The {chosen} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
            code="InvalidRequest",
        )
    return chosen


def join(algorithm: str, checksum_type: str, parts: Iterable[tuple[str, int]]) -> str:
    """The checksum of an object from its parts' checksums (base64) and sizes (bytes), in order."""
    decoded = [(base64.b64decode(value), size) for value, size in parts]
    if checksum_type == COMPOSITE:
        whole = new_checksum(algorithm)
        whole.update(b"".join(digest for digest, _ in decoded))
        return f"{encode(whole.digest())}-{len(decoded)}"
    combine, width, value = _COMBINE[algorithm], len(decoded[0][0]), 0
    for digest, size in decoded:
        value = combine(value, int.from_bytes(digest, "big"), size)
    return encode(value.to_bytes(width, "big"))


def check_form(algorithm: str, value: str) -> None:
    """InvalidRequest unless the value has the form of that algorithm's checksums."""
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != len(new_checksum(algorithm).digest()):
        raise ServiceError(
            f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.", code="InvalidRequest"
        )
