"""Packs a folder into a tar.gz that is read like a file: the same content always gives the same bytes."""

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from clary.objects.tree import Node, open_file, walk

# Model weights hardly compress: the fastest level gives about the size of the usual one, much sooner.
_LEVEL = 1
_GZIP_WINDOW = 31
_BLOCK = 1 << 20
# One moment for all members, the first that zip can also express: 1980-01-01.
_MOMENT = 315_532_800


class PackedFolder(io.RawIOBase):
    """A read-only stream of the folder's regular files, folders and safe links.

    ``files`` and ``bytes`` count the regular files read so far; ``skipped`` names what is never packed:
    devices, sockets, FIFOs and links that leave the folder. A file that shrinks while it is read raises
    ``OSError``.
    """

    def __init__(self, folder: Path) -> None:
        self.files = 0
        self.bytes = 0
        self.skipped: list[str] = []
        self._folder = folder
        self._blocks = self._compress()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed names it more widely
        """Fill the buffer with the next bytes; 0 at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _compress(self) -> Iterator[bytes]:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        for block in self._tar():
            yield packer.compress(block)
        yield packer.flush()

    def _tar(self) -> Iterator[bytes]:
        for node in walk(self._folder):
            if node.is_file:
                yield from self._file(node)
            elif node.is_folder or node.is_safe_link:
                yield _header(node, 0)
            else:
                self.skipped.append(node.name)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _file(self, node: Node) -> Iterator[bytes]:
        size = node.status.st_size
        yield _header(node, size)
        with open_file(self._folder, node.name) as file:
            left = size
            while left:
                block = file.read(min(left, _BLOCK))
                if not block:
                    raise OSError(f"{node.name} became shorter while it was read")
                left -= len(block)
                yield block
        yield bytes(-size % tarfile.BLOCKSIZE)
        self.files += 1
        self.bytes += size


def _header(node: Node, size: int) -> bytes:
    info = tarfile.TarInfo(node.name)
    info.size = size
    info.mtime = _MOMENT
    info.mode = 0o755 if node.is_folder or node.status.st_mode & 0o100 else 0o644
    if node.is_folder:
        info.type = tarfile.DIRTYPE
    elif node.target is not None:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, node.target, 0o777
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
