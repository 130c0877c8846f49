"""RecordIO framing: magic, length, payload, padding to four bytes.

The top three bits of the length word say which part of a split record a frame is: 0 whole, 1 first, 2 middle,
3 last. A writer splits a payload where the magic itself stands in it, so parts are joined by the magic.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from clary_algorithms.formats.errors import FormatError

MAGIC = 0xCED7230A
_HEADER = struct.Struct("<II")
_MAGIC_BYTES = struct.pack("<I", MAGIC)
_LENGTH_MASK = 0x1FFFFFFF
_WHOLE, _FIRST, _LAST = 0, 1, 3


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Yield each record's payload; raises :class:`FormatError` for a wrong magic or a stream cut short."""
    parts: list[bytes] = []
    while header := stream.read(_HEADER.size):
        part, payload = _read_frame(stream, header)
        if (part in (_WHOLE, _FIRST)) == bool(parts):
            raise FormatError("RecordIO frames of a split record are out of order")
        parts.append(payload)
        if part in (_WHOLE, _LAST):
            yield _MAGIC_BYTES.join(parts)
            parts = []
    if parts:
        raise FormatError("RecordIO stream ends within a record")


def write_record(stream: BinaryIO, payload: bytes) -> None:
    """Write one payload as one whole frame."""
    if len(payload) > _LENGTH_MASK:
        raise FormatError(f"a RecordIO payload holds at most {_LENGTH_MASK} bytes")
    stream.write(_HEADER.pack(MAGIC, len(payload)) + payload + b"\0" * (-len(payload) % 4))


def _read_frame(stream: BinaryIO, header: bytes) -> tuple[int, bytes]:
    if len(header) < _HEADER.size:
        raise FormatError("RecordIO stream ends within a frame's header")
    magic, word = _HEADER.unpack(header)
    if magic != MAGIC:
        raise FormatError(f"not RecordIO: a frame starts with 0x{magic:08x}, not 0x{MAGIC:08x}")
    length = word & _LENGTH_MASK
    payload = stream.read(length + -length % 4)
    if len(payload) < length:
        raise FormatError("RecordIO stream ends within a record")
    return word >> 29, payload[:length]
