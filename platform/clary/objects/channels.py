"""Stages one channel of a job for one host: the content of its ``/opt/ml/input/data/<channel>``."""

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3transfer.manager import TransferManager

from clary.objects.cache import Cache
from clary.objects.selection import Entry, Share, select
from clary.objects.staging import Staging, copy, decompress, link
from clary.objects.transfer import PARALLEL, transfer_manager

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Entries under way at once: a listing of millions is never held in memory.
_WINDOW = 4 * PARALLEL
_CHECK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class StagedChannel:
    """What was put into the channel's folder: number of files and their bytes."""

    files: int
    bytes: int


def stage_channel(
    s3: "S3Client",
    channel: dict[str, Any],
    destination: Path,
    *,
    host_index: int,
    host_count: int,
    cache: Cache,
    read_only: bool = False,
    check: Callable[[], None] = lambda: None,
) -> StagedChannel:
    """Fill ``destination`` with what host ``host_index`` (from 0) of ``host_count`` gets of the channel.

    ``channel`` is an element of InputDataConfig. What the folder held before is removed. ``read_only``
    promises that nobody can write to the files (a read-only mount): they are then links to the cache, else
    copies. ``check`` is called a few times a second and ends the staging by raising.

    File and FastFile give the same folder. An augmented manifest becomes a file of its own name whose lines
    carry the AttributeNames alone, and the objects of its ``…-ref`` attributes lie at ``<bucket>/<key>``
    beside it. Objects of CompressionType Gzip are decompressed and lose the ending ``.gz``. Raises
    :class:`ClientFault` for data that is missing, unreadable, or has names that cannot be files of one
    folder.
    """
    place = decompress if channel.get("CompressionType") == "Gzip" else link if read_only else copy
    share = Share.of(channel, host_index, host_count)
    _make_empty(destination)
    with transfer_manager(s3) as manager:
        selection = select(s3, channel, share)
        staging = Staging(s3, manager, destination, cache=cache, place=place)
        sizes = [staging.write(name, text) for name, text in selection.texts]
        sizes.extend(_add_all(staging, manager, selection.entries, _paced(check)))
    return StagedChannel(files=len(sizes), bytes=sum(sizes))


def _add_all(
    staging: Staging, manager: TransferManager, entries: Iterable[Entry], check: Callable[[], None]
) -> Iterator[int]:
    under_way: deque[Future[int]] = deque()
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="stage")
    try:
        for entry in entries:
            under_way.append(pool.submit(staging.add, entry))
            if len(under_way) == _WINDOW:
                yield _wait(under_way.popleft(), check)
        while under_way:
            yield _wait(under_way.popleft(), check)
    except BaseException:
        # Cancels what is under way, as leaving the block does; s3transfer's shutdown(cancel=True) mixes up
        # its arguments and fails where a transfer still runs.
        manager.__exit__(*sys.exc_info())
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _wait(added: Future[int], check: Callable[[], None]) -> int:
    while not added.done():
        check()
        wait([added], timeout=_CHECK_SECONDS)
    return added.result()


def _paced(check: Callable[[], None]) -> Callable[[], None]:
    """The check, made at most every quarter of a second: it may ask a database."""
    due = 0.0

    def paced() -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _CHECK_SECONDS
            check()

    return paced


def _make_empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
