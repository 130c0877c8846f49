"""From ``clary up`` to the line that says ready, and what the processes hold once nothing goes on."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.results import AtMost, Comparison, Finding, Report
from kit.servers import CLARY, clean_environment, run_clary, temporary_folder

REPETITIONS = 7
SETTLE_SECONDS = 3.0
MEGABYTE = 1_000_000


def measure() -> Report:
    """Starts on a database that exists; memory after each."""
    seconds: list[float] = []
    resident: list[float] = []
    proportional: list[float] = []
    with temporary_folder() as folder:
        with _started(folder):
            pass  # makes the database
        for _ in range(REPETITIONS):
            with _started(folder) as took:
                seconds.append(took)
                time.sleep(SETTLE_SECONDS)
                sizes = [_read_sizes(pid) for pid in _pids(folder)]
            resident.append(sum(size["Rss"] for size in sizes) / MEGABYTE)
            proportional.append(sum(size["Pss"] for size in sizes) / MEGABYTE)
    report = Report("Start and idle memory: supervisor, one gateway, controller", "no peer")
    report.findings = [
        _find("clary up to ready, existing database", "s", seconds, 2.5),
        _find("idle memory, sum of RSS (shared pages count in each)", "MB", resident, 250),
        _find("idle memory, sum of PSS (shared pages count once)", "MB", proportional, 250),
    ]
    return report


@contextmanager
def _started(folder: Path) -> Iterator[float]:
    """A platform in the foreground, as a user starts it: the seconds from the command to ``ready``."""
    command = [*CLARY, "up", "--port", "0", "--runtime", "process", "--data-dir", str(folder)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        said = next((line for line in process.stdout if "ready" in line), None)
        took = time.perf_counter() - started
        if said is None:
            raise RuntimeError(f"clary up ended with code {process.wait()}")
        yield took
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _pids(folder: Path) -> list[int]:
    status = json.loads(run_clary("status", "--json", "--data-dir", str(folder)))
    return [process["pid"] for process in status["processes"]]


def _read_sizes(pid: int) -> dict[str, int]:
    """Bytes by name (``Rss``, ``Pss``), as Linux counts them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    pairs = (line.split()[:2] for line in lines)
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes in pairs}


def _find(name: str, unit: str, samples: list[float], bound: float) -> Finding:
    return Finding(name=name, unit=unit, ours=samples, compare=Comparison.VALUE, rule=AtMost(bound))
