"""Which process made a file: each takes a number for its lifetime, and every body id begins with it.

A claim is a locked file. The operating system drops the lock when the process ends, however it ends; a claim
that nobody locks therefore marks files that may never have been committed.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

SEQUENCE_BITS = 32


class Claim:
    """This process's number, held until :meth:`release`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            self.number = secrets.randbits(31)
            self._path = claim_path(folder, self.number)
            try:
                self._descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError:
                continue
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if self._path.exists():
                return
            os.close(self._descriptor)  # a sweep took the file for a dead one before it was locked

    def release(self, *, clean: bool) -> None:
        """Give the number up; ``clean`` says that no file is left that was not committed or deleted."""
        if clean:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def claim_path(folder: Path, number: int) -> Path:
    """Where a claim lies."""
    return folder / f"{number:08x}"


def take_over_dead(folder: Path) -> Iterator[int]:
    """The numbers of processes that ended without releasing; each is given up when the caller goes on."""
    for path in sorted(folder.iterdir()):
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield int(path.name, 16)
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
