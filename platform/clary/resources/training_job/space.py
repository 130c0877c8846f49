"""Whether a job has filled the disk of the data folder: it is ended then, so that the platform can go on."""

import os
import shutil
from pathlib import Path

from clary.kernel.errors import ClientFault
from clary.resources.training_job.run import TrainingRun

RESERVE_BYTES = 64 << 20
RESERVE_SHARE = 50  # of a small disk, so many parts of it
_BLOCK = 512


def find_overflow(run: TrainingRun) -> ClientFault | None:
    """The reason to fail the job with, where hardly any space is left and more than that is in its files."""
    disk = shutil.disk_usage(run.work.platform.settings.folder)
    reserve = min(RESERVE_BYTES, disk.total // RESERVE_SHARE)
    if disk.free > reserve:
        return None
    taken = _measure(run.folder)
    if taken <= reserve:
        return None
    return ClientFault(
        f"No space left on device: the job's files take {taken >> 20} MiB of the data folder's disk, "
        f"and {disk.free >> 20} MiB are left."
    )


def _measure(folder: Path) -> int:
    """Bytes that go with the folder; what is shared with the cache stays."""
    return sum(
        status.st_blocks * _BLOCK
        for parent, _, names in os.walk(folder)
        for name in names
        if (status := _status(Path(parent, name))) is not None and status.st_nlink == 1
    )


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:  # the job removed it meanwhile
        return None
