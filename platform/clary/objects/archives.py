"""Unpacks a ``model.tar.gz`` of anybody's: it can neither leave its folder nor fill the disk."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from clary.kernel.errors import ClientFault
from clary.objects.links import stays_inside

# The first releases of Python 3.11, which distributions still ship, lack the safe extraction filter.
if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile

# Headers that carry text (long names, PAX records) are read into memory: nobody needs more than this of it.
_HEADER_TEXT_LIMIT = 1 << 20
_TEXT_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold: members, unpacked bytes, and unpacked bytes a packed byte.

    Up to ``ratio_from`` unpacked bytes any ratio will do: small and very regular files are no attack.
    """

    members: int = 200_000
    bytes: int = 128 << 30
    ratio: int = 400
    ratio_from: int = 1 << 30

    def most(self, packed: int) -> int:
        """Bytes that so many packed bytes may become."""
        return min(self.bytes, max(self.ratio_from, packed * self.ratio))


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was unpacked: regular files and their bytes."""

    files: int
    bytes: int


class Readable(Protocol):
    """A binary stream that is read once, from its start."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


def extract(stream: Readable, destination: Path, limits: Limits = DEFAULT_LIMITS) -> Extracted:
    """Unpack a tar archive, gzip-compressed or plain, into the new or empty folder ``destination``.

    Raises :class:`ClientFault`, naming the member, for one that would leave the folder (by path or by link),
    for devices, for what is past the limits, and for a stream that is no whole archive. The folder then holds
    a part.
    """
    destination.mkdir(parents=True, exist_ok=True)
    if any(destination.iterdir()):
        raise ValueError(f"{destination} is not empty")
    source = cast(BinaryIO, _Unpacked(stream, limits))
    try:
        with tarfile.open(fileobj=source, mode="r|", tarinfo=_Member, errorlevel=2) as archive:
            return _extract(archive, destination, limits)
    except tarfile.FilterError as error:
        raise ClientFault(f"The archive is refused: {error}") from error
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ClientFault(f"The archive is damaged, or is no tar.gz: {error}") from error
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise ClientFault(f"The archive has two members for one path: {error}") from error


class _Packed(io.RawIOBase):
    """The packed stream, counted."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed names it more widely
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        self.count += len(block)
        return len(block)


class _Unpacked:
    """The tar stream; reading past the limits raises :class:`ClientFault`."""

    def __init__(self, stream: Readable, limits: Limits) -> None:
        self._packed = _Packed(stream)
        buffered = io.BufferedReader(self._packed, 1 << 20)
        is_gzip = buffered.peek(2)[:2] == _GZIP_MAGIC
        self._stream = gzip.GzipFile(fileobj=buffered) if is_gzip else buffered
        self._limits = limits
        self._count = 0

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._count += len(block)
        most = self._limits.most(self._packed.count)
        if self._count > most:
            raise ClientFault(f"The archive is refused: it unpacks to more than {most} bytes")
        return block


class _Member(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        member = super().frombuf(buf, encoding, errors)
        if member.type in _TEXT_HEADERS and member.size > _HEADER_TEXT_LIMIT:
            raise ClientFault(f"The archive is refused: it has a header of {member.size} bytes")
        return member


def _extract(archive: tarfile.TarFile, destination: Path, limits: Limits) -> Extracted:
    links: dict[str, tarfile.TarInfo] = {}
    files = size = 0
    for number, member in enumerate(archive, start=1):
        files, size = files + member.isreg(), size + member.size
        # A sparse file is large without a large stream: the sizes are counted too.
        if number > limits.members or size > limits.bytes:
            most = f"{limits.members} members and {limits.bytes} bytes"
            raise ClientFault(f"The archive is refused: {member.name} is past the limit of {most}")
        # Symbolic links come last, so that nothing is ever written through one.
        if member.issym():
            links[member.name] = member
        else:
            archive.extract(member, destination, filter="data")
    _check_links(links.values())
    for link in links.values():
        archive.extract(link, destination, filter="data")
    return Extracted(files, size)


def _check_links(links: Iterable[tarfile.TarInfo]) -> None:
    names = {PurePosixPath(link.name) for link in links}
    for link in links:
        below_link = not names.isdisjoint(PurePosixPath(link.name).parents)
        if below_link or not stays_inside(link.name, link.linkname):
            raise ClientFault(
                f"The archive is refused: the link {link.name} -> {link.linkname} leaves its folder"
            )
