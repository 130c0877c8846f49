"""What this machine, or the container that the platform itself runs in, has to give."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Processors, and memory in bytes."""

    cpus: int
    memory: int


@lru_cache(maxsize=1)
def read_machine() -> Machine:
    """The processors and the memory that the platform's own process may use."""
    return Machine(cpus=_cpus(), memory=_memory())


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(path.read_text()) for path in _MEMORY_LIMITS if path.exists() and _is_number(path)]
    return min([physical, *limits])


def _is_number(path: Path) -> bool:
    return path.read_text().strip().isdigit()
