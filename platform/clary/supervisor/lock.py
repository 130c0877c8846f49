"""One platform a data folder: an advisory lock that ends with the process that holds it."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

# A probe holds the lock shared for an instant; a starting platform outlasts it.
PATIENCE_SECONDS = 1.0


class FolderInUse(Exception):
    """Another platform runs on the data folder."""


class FolderLock:
    """Held by the supervisor for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self._path = _lock_path(folder)
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise FolderInUse(str(self._path.parents[1])) from None
                time.sleep(0.02)
            else:
                self._descriptor = descriptor
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_running(folder: Path) -> bool:
    """Whether a supervisor lives on the folder."""
    try:
        descriptor = os.open(_lock_path(folder), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_path(folder: Path) -> Path:
    return folder / "run" / "lock"
