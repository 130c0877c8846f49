"""Keeps a job's checkpoint folder and its S3 prefix alike: fetched before the start, sent while it runs."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from s3transfer.manager import TransferManager

from clary.kernel.errors import JobError
from clary.objects.faults import job_faults
from clary.objects.listing import S3Object, find_objects
from clary.objects.names import safe_name
from clary.objects.transfer import download, transfer_manager, upload
from clary.objects.tree import open_file, walk
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A file that was written to within this time may not be complete yet.
SETTLE_SECONDS = 2.0

_Version = tuple[int, int]


class CheckpointSync:
    """One job's folder and prefix; ``push`` sends what changed since the last call, by size and time.

    What was sent is remembered in memory: after a restart the first ``push`` sends everything again, which
    does no harm. Files that the job removes stay in S3, as on SageMaker. Not to be used by two threads at
    once.
    """

    def __init__(self, s3: "S3Client", folder: Path, uri: S3Uri) -> None:
        self._s3 = s3
        self._folder = folder
        self._uri = uri
        self._sent: dict[str, _Version] = {}

    def prefill(self) -> int:
        """Download every object below the prefix that the folder lacks; how many those were."""
        prefix = S3Uri(self._uri.bucket, f"{self._uri.key.rstrip('/')}/" if self._uri.key else "")
        self._folder.mkdir(parents=True, exist_ok=True)
        with job_faults("Data download", self._uri), transfer_manager(self._s3) as manager:
            listed = (found for found in find_objects(self._s3, prefix) if not found.key.endswith("/"))
            return sum(self._fetch(manager, found, found.key.removeprefix(prefix.key)) for found in listed)

    def push(self, *, final: bool = False) -> int:
        """Upload the files that are new or changed and were left alone for two seconds; how many those were.

        ``final`` takes also those written just now: the job has ended. A file that changes while it is sent
        is sent again by the next call. Raises :class:`ClientFault` or :class:`PlatformFault` where S3 refuses
        or is away.
        """
        settled = time.time_ns() - round(SETTLE_SECONDS * 1e9)
        with transfer_manager(self._s3) as manager:
            return sum(
                self._send(manager, node.name)
                for node in walk(self._folder)
                if node.is_file
                and self._sent.get(node.name) != _version(node.status)
                and (final or node.status.st_mtime_ns <= settled)
            )

    def _fetch(self, manager: TransferManager, found: S3Object, key: str) -> bool:
        name = safe_name(key)
        target = self._folder / name
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the folder: the job must never see, nor push send, a half written checkpoint.
        partial = self._folder.with_name(f".{self._folder.name}.partial")
        with partial.open("wb") as file:
            download(self._s3, manager, found, file)
        partial.rename(target)
        self._sent[name] = _version(target.stat())
        return True

    def _send(self, manager: TransferManager, name: str) -> bool:
        try:
            file = open_file(self._folder, name)
        except OSError:  # removed, or no longer a regular file, since it was listed
            return False
        # The transfer closes what it was given.
        with file, os.fdopen(os.dup(file.fileno()), "rb") as sent:
            before = _version(os.fstat(file.fileno()))
            try:
                with job_faults("Checkpoint upload", self._uri.join(name)):
                    upload(manager, sent, self._uri.join(name))
            except JobError:
                if _version(os.fstat(file.fileno())) == before:
                    raise
                return False
            if _version(os.fstat(file.fileno())) == before:
                self._sent[name] = before
        return True


def _version(status: os.stat_result) -> _Version:
    return status.st_size, status.st_mtime_ns
