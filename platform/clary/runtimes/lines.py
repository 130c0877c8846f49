"""Cuts what a process prints into timestamped lines. Standard library alone: shims use it."""

import os
import time

LINE_BYTES = 250_000  # CloudWatch takes at most 256 KiB an event


class LineLog:
    """Appends each line of a stream to a file as ``<epoch milliseconds> <text>``, the moment it is complete.

    Bytes that are not UTF-8 are replaced. A progress bar redraws itself with carriage returns: each drawing
    is a line. A line of more than ``LINE_BYTES`` is cut.
    """

    def __init__(self, target: int | None) -> None:
        self._target = target
        self._rest = b""
        self.error: str | None = None

    def feed(self, data: bytes) -> None:
        """Write the lines that ``data`` completes, keep the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        pieces = [piece for line in lines for piece in split_line(line)]
        if len(self._rest) > LINE_BYTES:
            *cut, self._rest = _cut(self._rest)
            pieces += cut
        self._write(pieces)

    def close(self) -> None:
        """Write what came after the last newline."""
        if self._rest:
            self._write(split_line(self._rest))
        self._rest = b""

    def _write(self, pieces: list[bytes]) -> None:
        if self._target is None or not pieces:
            return
        stamp = b"%d " % (time.time_ns() // 1_000_000)
        data = b"".join(stamp + clean_text(piece) + b"\n" for piece in pieces)
        try:
            while data:
                data = data[os.write(self._target, data) :]
        except OSError as error:  # a full disk must not end the process: its state tells of it
            self.error = f"its log could not be written: {error.strerror}"


def split_line(line: bytes) -> list[bytes]:
    """The lines to log for one line of output."""
    drawings = [drawing for drawing in line.split(b"\r") if drawing] or [b""]
    return [piece for drawing in drawings for piece in _cut(drawing)]


def clean_text(line: bytes) -> bytes:
    """The line as valid UTF-8."""
    return line.decode(errors="replace").encode()


def _cut(line: bytes) -> list[bytes]:
    pieces = []
    while len(line) > LINE_BYTES:
        boundary = _find_boundary(line)
        pieces.append(line[:boundary])
        line = line[boundary:]
    return [*pieces, line]


def _find_boundary(line: bytes) -> int:
    """Where to cut without splitting a UTF-8 character; the limit itself where the bytes are not UTF-8."""
    starts = (end for end in range(LINE_BYTES, LINE_BYTES - 4, -1) if line[end] & 0xC0 != 0x80)
    return next(starts, LINE_BYTES)
