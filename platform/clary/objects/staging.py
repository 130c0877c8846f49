"""Puts objects into a folder: downloaded once, through the cache, then linked, copied or decompressed."""

import gzip
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from s3transfer.manager import TransferManager

from clary.kernel.errors import ClientFault
from clary.objects.archives import DEFAULT_LIMITS, Limits
from clary.objects.cache import Cache
from clary.objects.faults import job_faults
from clary.objects.listing import S3Object, head_object
from clary.objects.names import safe_name
from clary.objects.selection import Entry
from clary.objects.transfer import download
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Gives the file ``target`` the content of ``source``; fails where the target exists.
Place = Callable[[Path, Path], None]


class Staging:
    """Places entries into one folder; safe from many threads."""

    def __init__(
        self, s3: "S3Client", manager: TransferManager, folder: Path, *, cache: Cache, place: Place
    ) -> None:
        self._s3 = s3
        self._manager = manager
        self._folder = folder
        self._cache = cache
        self._place = place

    def add(self, entry: Entry) -> int:
        """Make the entry's file; its size in bytes. :class:`ClientFault` where two keys need one path."""
        uri = entry.source if isinstance(entry.source, S3Uri) else entry.source.uri
        with job_faults("Data download", uri):
            source = entry.source if isinstance(entry.source, S3Object) else head_object(self._s3, uri)
            target = self._target(entry.name)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fill(source, target)
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise ClientFault(
                    f"Data download failed: {uri} needs the path {entry.name}, which another key takes"
                ) from error
            return target.stat().st_size

    def write(self, name: str, text: bytes) -> int:
        """Make a file of the given text; its size in bytes."""
        with self._target(name).open("xb") as file:
            return file.write(text)

    def _target(self, name: str) -> Path:
        target = self._folder / safe_name(name)
        return target.with_suffix("") if self._place is decompress and target.suffix == ".gz" else target

    def _fill(self, source: S3Object, target: Path) -> None:
        endpoint = self._s3.meta.endpoint_url
        if self._cache.accepts(source.size) or self._place is decompress:
            with self._cache.hold(endpoint, source, lambda path: self._fetch(source, path)) as cached:
                self._place(cached, target)
        else:
            self._fetch(source, target)

    def _fetch(self, source: S3Object, target: Path) -> S3Object:
        with target.open("xb") as file:
            return download(self._s3, self._manager, source, file)


def link(source: Path, target: Path) -> None:
    """Share the file, where both are on one file system; else copy it."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        copy(source, target)


def copy(source: Path, target: Path) -> None:
    """Copy inside the kernel where it can; file systems that share blocks on write then copy nothing."""
    with source.open("rb") as reader, target.open("xb") as writer:
        if hasattr(os, "copy_file_range"):
            try:
                while os.copy_file_range(reader.fileno(), writer.fileno(), 1 << 30):
                    pass
            except OSError:  # not between these file systems: start again the plain way
                reader.seek(0)
                writer.seek(0)
                writer.truncate()
            else:
                return
        shutil.copyfileobj(reader, writer, 1 << 20)


def decompress(source: Path, target: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """Write what the gzip file holds; ClientFault where it is none, is cut off or past the limits."""
    most = limits.most(source.stat().st_size)
    try:
        with gzip.open(source) as reader, target.open("xb") as writer:
            written = 0
            while block := reader.read(1 << 20):
                written += len(block)
                if written > most:
                    raise ClientFault(f"{target.name} is refused: it unpacks to more than {most} bytes")
                writer.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ClientFault(f"CompressionType is Gzip, but {target.name} is not gzip data: {error}") from error
