"""The files that hold bodies, named by id: ``xx/<id>``, or ``xx/<upload id>/<id>`` for a part of an upload.

A file is written under its final name and is on disk, name included, before the row that names it is
committed. What no row names was never acknowledged: ids begin with the number of the process that made them
(see ``claims``), so that a sweep can tell the remains of a dead process from the work of a living one.
"""

import fcntl
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from clary.objectstore.claims import SEQUENCE_BITS, Claim

_NAME_LENGTH = 16
_VECTOR = 1000  # below IOV_MAX of every system


def body_path(body: int) -> str:
    """Where a body lies below the store's folder."""
    name = f"{body:016x}"
    return f"{name[-2:]}/{name}"


def part_path(upload: int, file: int) -> str:
    """Where one part's file lies below the store's folder."""
    return f"{body_path(upload)}/{file:016x}"


class Bodies:
    """The folder of bodies, as one process uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.claims = folder / ".claims"
        self._claim = Claim(self.claims)
        self._sequence = itertools.count(1)
        self._clean = True

    def new_id(self) -> int:
        """An id that no other process gives, ever; ascending within this process."""
        return self._claim.number << SEQUENCE_BITS | next(self._sequence)

    def create(self, path: str) -> "BodyFile":
        """A new file to write a body to."""
        return BodyFile(self.folder / path)

    def link(self, source: str, target: str) -> None:
        """Give a body a second name: a copy costs no bytes. FileNotFoundError where it is gone."""
        destination = self.folder / target
        _make_folder(destination.parent)
        os.link(self.folder / source, destination)
        _sync_folder(destination.parent)

    def open(self, path: str) -> int:
        """A descriptor to read a file; the bytes stay readable after a deletion."""
        return os.open(self.folder / path, os.O_RDONLY)

    @contextmanager
    def hold(self, upload: int) -> Iterator[None]:
        """Keep the parts of a body from being deleted meanwhile. FileNotFoundError where they are gone."""
        path = self.folder / body_path(upload)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            path.stat()
            yield
        finally:
            os.close(descriptor)

    def delete(self, path: str) -> bool:
        """Delete a file, or a folder of parts that nobody reads; False where somebody does."""
        target = self.folder / path
        try:
            descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError):
            target.unlink(missing_ok=True)
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(target)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def leave_behind(self) -> None:
        """Something uncommitted may stay in the folder: let a later start sweep after this process."""
        self._clean = False

    def close(self) -> None:
        """Give up this process's claim."""
        self._claim.release(clean=self._clean)


class BodyFile:
    """A file being written; durable when :meth:`finish` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileNotFoundError:
            _make_folder(path.parent)
            self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self._open = True

    def write(self, chunks: Sequence[bytes | memoryview]) -> None:
        """Append the chunks."""
        for start in range(0, len(chunks), _VECTOR):
            self._write_vector(chunks[start : start + _VECTOR])

    def finish(self) -> None:
        """Bring bytes and name to the disk, and close."""
        os.fsync(self._descriptor)
        self._close()
        _sync_folder(self._path.parent)

    def discard(self) -> None:
        """Delete what was written."""
        self._close()
        self._path.unlink(missing_ok=True)
        if len(self._path.parent.name) == _NAME_LENGTH:
            with suppress(OSError):  # other parts are there, or the folder is gone with its upload
                self._path.parent.rmdir()

    def _write_vector(self, chunks: Sequence[bytes | memoryview]) -> None:
        expected = sum(map(len, chunks))
        written = os.writev(self._descriptor, chunks)
        if written < expected:
            rest = memoryview(b"".join(chunks))[written:]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


def _make_folder(path: Path) -> None:
    """Make a folder and its missing parents, each name durable."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
