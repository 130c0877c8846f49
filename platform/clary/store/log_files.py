"""Log files: one event a line, ``<epoch milliseconds> <text>``, appended to by some while read by others.

A message that holds newlines is stored with NUL bytes in their place, so that one event stays one line.
Positions are byte offsets of line starts: they stay true while the file grows.
"""

import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

MAX_MESSAGE_BYTES = 1_048_550
# Two writers of one file (stdout and stderr) may stamp and append in another order, this far apart.
DISORDER_MS = 1_000
_STAMP_DIGITS = 15


class Line(NamedTuple):
    """One complete line: where it starts and ends (the newline included), its time in ms, its text."""

    position: int
    end: int
    timestamp: int
    text: str


class LogFile:
    """The complete lines that a file held when it was opened; a line without its newline isn't there yet.

    The file is mapped, not read: a call costs what it looks at. A missing file has no lines.
    A line without a time has its neighbour's; text past 1 MiB is cut. ``end`` is the position after the last
    line, ``modified_at`` the time of the last write in milliseconds (0 where there was none).
    """

    def __init__(self, path: Path) -> None:
        self._bytes: mmap.mmap | bytes = b""
        self.modified_at = 0
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                self.modified_at = status.st_mtime_ns // 1_000_000
                if status.st_size:
                    self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            pass  # nothing was written yet
        self.end = self._bytes.rfind(b"\n") + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the mapping."""
        if isinstance(self._bytes, mmap.mmap):
            self._bytes.close()

    def starts_line(self, position: int) -> bool:
        """Whether a line starts there, or would start there next."""
        return position == 0 or (0 < position <= self.end and self._bytes[position - 1] == ord("\n"))

    def forward(self, start: int, stop: int) -> Iterator[Line]:
        """Lines from one position up to another, first to last."""
        timestamp = 0
        while start < stop:
            line = self._read(start, timestamp)
            yield line
            start, timestamp = line.end, line.timestamp

    def backward(self, start: int, stop: int) -> Iterator[Line]:
        """The same lines, last to first."""
        timestamp = 0
        while start < stop:
            line = self._read(self._line_start(stop - 1), timestamp)
            yield line
            stop, timestamp = line.position, line.timestamp

    def span(self, start_time: int | None, end_time: int | None) -> tuple[int, int]:
        """Positions that enclose every line from ``start_time`` (included) to ``end_time`` (not).

        Found by bisection, so the file must be in time order but for :data:`DISORDER_MS`; the lines between
        still need the exact comparison.
        """
        low = 0 if start_time is None else self._bisect(start_time - DISORDER_MS)
        high = self.end if end_time is None else self._bisect(end_time + DISORDER_MS)
        return low, max(low, high)

    def _bisect(self, timestamp: int) -> int:
        low, high = 0, self.end
        while low < high:
            start = self._line_start((low + high) // 2)
            stamp = _parse_stamp(self._bytes[start : start + _STAMP_DIGITS + 1])
            if stamp is not None and stamp < timestamp:
                low = self._bytes.find(b"\n", start) + 1
            else:
                high = start
        return low

    def _line_start(self, position: int) -> int:
        return self._bytes.rfind(b"\n", 0, position) + 1

    def _read(self, start: int, fallback: int) -> Line:
        newline = self._bytes.find(b"\n", start)
        stamp = _parse_stamp(self._bytes[start : min(newline, start + _STAMP_DIGITS + 1)] + b" ")
        text_start = start if stamp is None else self._bytes.find(b" ", start, newline) + 1 or newline
        raw = self._bytes[text_start : min(newline, text_start + MAX_MESSAGE_BYTES)]
        text = raw.decode(errors="replace").replace("\0", "\n")
        return Line(start, newline + 1, fallback if stamp is None else stamp, text)


def append_lines(path: Path, events: Iterable[tuple[int, str]]) -> None:
    """Append events (ms, message) in one write, whole beside what other writers append."""
    data = b"".join(b"%d %s\n" % (at, text.replace("\n", "\0").encode()) for at, text in events)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        # A writer that was killed, or found the disk full, may have left half a line: it ends here.
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        written = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if written < len(data):
        raise OSError(f"only {written} of {len(data)} bytes could be appended to {path}")


def _parse_stamp(head: bytes) -> int | None:
    digits, space, _ = head.partition(b" ")
    return int(digits) if space and digits.isdigit() and len(digits) <= _STAMP_DIGITS else None
