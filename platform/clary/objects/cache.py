"""A bounded folder of downloaded objects, so that a second job on the same data starts at once.

An entry is named by endpoint, bucket, key and ETag and is never changed. Any number of processes share the
folder: an entry is written under a temporary name and renamed, and 64 lock files, which the kernel releases
when a process dies, keep two jobs from downloading the same object and the eviction from removing what is
being copied.
"""

import fcntl
import hashlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clary.objects.listing import S3Object

DEFAULT_LIMIT = 20 << 30
_STRIPES = 64

Fetch = Callable[[Path], S3Object]


class Cache:
    """Objects under ``folder``, about ``limit`` bytes of them; those unused for longest go first."""

    def __init__(self, folder: Path, *, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._unseen: int | None = None
        self._counting = threading.Lock()
        for part in ("objects", "partial", "locks"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def accepts(self, size: int) -> bool:
        """Whether an object of this size is worth keeping: it must leave room for others."""
        return size <= self.limit // 4

    @contextmanager
    def hold(self, endpoint: str, source: S3Object, fetch: Fetch) -> Iterator[Path]:
        """The file with the object's content; it stays there, unchanged, inside the block.

        ``fetch`` writes the content to the path it is given and returns the object as it was then; it is
        called only where the cache lacks the object, and what it read is kept only if the object is the one
        asked for. The file may be read, copied, or linked where nobody can write to it.
        """
        path = self._path(endpoint, source)
        with self._lock(path, fcntl.LOCK_SH):
            if _is_whole(path, source.size):
                yield path
                return
        with self._lock(path, fcntl.LOCK_EX):
            if _is_whole(path, source.size):
                yield path
                return
            with self._partial(path.name) as partial:
                if fetch(partial) == source:
                    partial.chmod(0o444)
                    path.parent.mkdir(exist_ok=True)
                    yield partial.replace(path)
                else:
                    yield partial
        self._count(source.size)

    def trim(self) -> None:
        """Remove the entries unused for longest until the limit holds, and what dead processes left."""
        for stale in (self.folder / "partial").iterdir():
            self._remove(stale)
        entries = sorted(_entries(self.folder / "objects"), key=lambda entry: entry[0])
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, path in entries:
            if excess <= 0:
                break
            if self._remove(path):
                excess -= size

    def _path(self, endpoint: str, source: S3Object) -> Path:
        identity = "\0".join((endpoint, source.bucket, source.key, source.etag))
        digest = hashlib.sha256(identity.encode()).hexdigest()
        return self.folder / "objects" / digest[:2] / digest

    @contextmanager
    def _partial(self, name: str) -> Iterator[Path]:
        """Where an entry is written; the entry's lock is held, so nobody else does."""
        path = self.folder / "partial" / name
        path.unlink(missing_ok=True)  # what was killed half way left it
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _count(self, size: int) -> None:
        """Trim at the first addition of this process and whenever it has added a sixteenth of the limit."""
        with self._counting:
            due = self._unseen is None or self._unseen + size > self.limit // 16
            self._unseen = 0 if due else (self._unseen or 0) + size
        if due:
            self.trim()

    def _remove(self, path: Path) -> bool:
        try:
            with self._lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
                path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def _lock(self, path: Path, kind: int) -> Iterator[None]:
        stripe = zlib.crc32(path.name.encode()) % _STRIPES
        with (self.folder / "locks" / f"{stripe:02d}").open("ab") as lock:
            fcntl.flock(lock, kind)
            yield


def _is_whole(path: Path, size: int) -> bool:
    # The size tells a file that lost its content to a power cut; the touch marks it as used.
    try:
        if path.stat().st_size != size:
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _entries(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Last use, size and path of every entry."""
    for shard in folder.iterdir():
        for entry in os.scandir(shard):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield status.st_mtime, status.st_size, Path(entry.path)
