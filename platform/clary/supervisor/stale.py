"""What a platform that was killed leaves behind: processes on their way out, and a record."""

from contextlib import suppress
from pathlib import Path

from clary.supervisor.record import PlatformRecord, ProcessRecord, read_record, record_path, remove_record

# A recorded pid belongs to us only where its process started when the record says; clocks may step a little.
START_TOLERANCE_SECONDS = 5.0
EXIT_SECONDS = 5.0


def clear_stale(folder: Path) -> PlatformRecord | None:
    """End what is left of a crashed platform and forget its record; returns that record.

    The caller holds the folder's lock, so no living platform is meant.
    """
    record = read_record(folder)
    if record is not None:
        _end(record.processes)
    remove_record(folder)
    for draft in record_path(folder).parent.glob(f".{record_path(folder).name}.*"):
        draft.unlink()  # one that was being written
    return record


def _end(processes: tuple[ProcessRecord, ...]) -> None:
    # Needed after a crash alone, so the supervisor does not carry it otherwise.
    import psutil

    left = []
    for recorded in processes:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(recorded.pid)
            if abs(process.create_time() - recorded.started) < START_TOLERANCE_SECONDS:
                process.terminate()
                left.append(process)
    for process in psutil.wait_procs(left, timeout=EXIT_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=EXIT_SECONDS)
