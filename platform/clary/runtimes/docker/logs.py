"""Copies a container's output into its log file, also across restarts of the platform."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from docker.errors import NotFound

from clary.kernel.errors import PlatformFault
from clary.runtimes.docker.engine import Engine, readable_errors
from clary.runtimes.lines import clean_text, split_line

_log = logging.getLogger(__name__)
_PAUSES = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)  # before each attempt
_BLOCK = 1 << 20


class LogFollower(threading.Thread):
    """Appends what a container prints to ``path``, where its part begins at byte ``offset``.

    The engine keeps every line and gives them in the same order each time, so the lines already in the file
    say how many to skip: nothing is lost or written twice, wherever the platform was killed. Of several
    processes that follow, one at a time does; the next begins where that one ended or was killed.
    """

    def __init__(self, engine: Engine, name: str, *, path: Path, offset: int, lock_file: Path) -> None:
        super().__init__(name=f"log of {name}", daemon=True)
        self._engine = engine
        self._container = name
        self._path = path
        self._offset = offset
        self._lock_file = lock_file
        self.gave_up = False

    def run(self) -> None:
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for pause in _PAUSES:  # the engine may restart beneath running containers
                time.sleep(pause)
                try:
                    with readable_errors(f"reading the log of {self._container}"):
                        if self._copy_to_the_end():
                            return
                except (PlatformFault, OSError) as error:
                    _log.warning("%s", error)
            self.gave_up = True

    def _copy_to_the_end(self) -> bool:
        """False where the engine ended the stream while the container ran on."""
        try:
            self._copy()
            return self._engine.client.containers.get(self._container).status in {"exited", "dead"}
        except NotFound:  # it was removed
            return True

    def _copy(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab+") as file:
            written = count_lines(file.fileno(), self._offset)
            for number, line in enumerate(self._read_lines()):
                if number >= written:
                    file.write(line)
                    file.flush()

    def _read_lines(self) -> Iterator[bytes]:
        """The log file's lines, from the first. A long line comes in pieces, each with its own timestamp."""
        container = self._engine.client.containers.get(self._container)
        stamp, rest = 0, b""
        for entry in container.logs(stream=True, follow=True, timestamps=True):
            moment, _, text = entry.partition(b" ")
            stamp = stamp if rest else read_milliseconds(moment.decode())
            rest += text
            if rest.endswith(b"\n"):
                yield from format_lines(stamp, rest[:-1])
                rest = b""
        if rest:
            yield from format_lines(stamp, rest)


def format_lines(stamp: int, line: bytes) -> Iterator[bytes]:
    """The lines of the log file for one line of output."""
    for piece in split_line(line):
        yield b"%d %b\n" % (stamp, clean_text(piece))


def read_milliseconds(moment: str) -> int:
    """Epoch milliseconds of the engine's timestamp (RFC 3339, up to nanoseconds)."""
    return int(read_seconds(moment) * 1000)


def read_seconds(moment: str) -> float:
    """Epoch seconds of the engine's timestamp."""
    return datetime.fromisoformat(moment).timestamp()


def count_lines(descriptor: int, offset: int) -> int:
    """Complete lines after ``offset``; a torn last line is cut off, to be written again."""
    count, position, end = 0, offset, offset
    while block := os.pread(descriptor, _BLOCK, position):
        count += block.count(b"\n")
        if b"\n" in block:
            end = position + block.rindex(b"\n") + 1
        position += len(block)
    if end < position:
        os.truncate(descriptor, end)
    return count
