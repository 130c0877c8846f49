"""Turns to write: SQLite lets one writer in at a time, and those that wait sleep, longer each time.

Here they queue instead: threads of a process at a lock, processes at a file lock, which the kernel hands on
at once and takes back from a process that dies.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """One writer at a time among all threads and processes that name the same file.

    A turn is a courtesy: who waits longer than ``patience`` seconds in his process, or cannot open the file,
    goes on without it, and SQLite's own lock decides.
    """

    def __init__(self, path: Path | None, *, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._threads = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn and hold it for the block."""
        if not self._threads.acquire(timeout=self._patience):
            yield
            return
        try:
            with self._among_processes():
                yield
        finally:
            self._threads.release()

    @contextmanager
    def _among_processes(self) -> Iterator[None]:
        file = self._open()
        if file is None:
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _open(self) -> int | None:
        if self._file is None and self._path is not None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:
                # A folder that is missing, full or read-only: SQLite says so in its own words.
                return None
        return self._file

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
