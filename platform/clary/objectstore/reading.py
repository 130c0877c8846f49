"""Reads stored bodies in blocks: inline bytes, one file, or the part files of a multipart object."""

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from clary.kernel.errors import ClaryError
from clary.objectstore.bodies import Bodies, body_path, part_path
from clary.objectstore.errors import no_such_key
from clary.objectstore.intake import Layout
from clary.objectstore.records import StoredObject
from clary.objectstore.store import Store
from clary.objectstore.tables import parts

BLOCK = 1024 * 1024
_ATTEMPTS = 5

Result = TypeVar("Result")


class BodyReplaced(ClaryError):
    """The row was read, but its object was replaced or deleted before the body could be opened."""


@dataclass(frozen=True, slots=True)
class Segment:
    """``length`` bytes of a file, from ``start``."""

    path: str
    start: int
    length: int


class SegmentReader:
    """Reads segments one after the other. Not for concurrent use; reads may block on the disk.

    Made before the answer starts: what it reads cannot be deleted until it is closed.
    BodyReplaced where it already has been.
    """

    def __init__(self, bodies: Bodies, stored: StoredObject, segments: Sequence[Segment]) -> None:
        self._bodies = bodies
        self._segments: Iterator[Segment] = iter(segments)
        self._descriptor = -1
        self._position = 0
        self._remaining = 0
        self._held = ExitStack()
        try:
            if stored.layout == Layout.PARTS:
                self._held.enter_context(bodies.hold(stored.body))
            self._advance()
        except FileNotFoundError:
            self.close()
            raise BodyReplaced from None

    def read(self) -> bytes:
        """The next bytes, at most a block; empty at the end."""
        while not self._remaining:
            if not self._advance():
                return b""
        block = os.pread(self._descriptor, min(BLOCK, self._remaining), self._position)
        if not block:
            raise OSError("A body in the object store is shorter than its record says")
        self._position += len(block)
        self._remaining -= len(block)
        return block

    def close(self) -> None:
        """Let go of the files."""
        self._close_file()
        self._held.close()

    def _advance(self) -> bool:
        self._close_file()
        segment = next(self._segments, None)
        if segment is None:
            return False
        self._descriptor = self._bodies.open(segment.path)
        self._position, self._remaining = segment.start, segment.length
        return True

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_body(store: Store, stored: StoredObject, *, start: int, length: int) -> SegmentReader:
    """A reader of some bytes of a body that is not inline."""
    if stored.layout == Layout.FILE:
        return SegmentReader(store.bodies, stored, [Segment(body_path(stored.body), start, length)])
    with store.database.engine.connect() as connection:
        segments = list(_cut_parts(connection, stored, start, length))
    return SegmentReader(store.bodies, stored, segments)


def read_whole(reader: SegmentReader) -> bytes:
    """All that a reader gives; closes it."""
    try:
        return b"".join(iter(reader.read, b""))
    finally:
        reader.close()


async def retry_while_replaced(attempt: Callable[[], Awaitable[Result]], key: bytes) -> Result:
    """Repeat what found a row but not its file: the object was replaced between the two."""
    for _ in range(_ATTEMPTS):
        try:
            return await attempt()
        except BodyReplaced:
            continue
    raise no_such_key(key)


def _cut_parts(connection: sa.Connection, stored: StoredObject, start: int, length: int) -> Iterator[Segment]:
    end = start + length
    overlapping = (
        sa.select(parts.c.file, parts.c.offset, parts.c.size)
        .where(parts.c.body == stored.body, parts.c.offset < end, parts.c.offset + parts.c.size > start)
        .order_by(parts.c.number)
    )
    for file, offset, size in connection.execute(overlapping):
        first, last = max(start, offset), min(end, offset + size)
        yield Segment(part_path(stored.body, file), first - offset, last - first)
