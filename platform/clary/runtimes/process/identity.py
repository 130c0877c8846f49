"""Tells a process from a later one that got the same pid. Standard library alone: the shim uses it."""

import os
import sys
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def identify(pid: int) -> str | None:
    """Boot and start time of a live process; None where it is gone or a zombie."""
    if sys.platform != "linux":
        return _identify_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return None
    return f"{_BOOT_ID.read_text().strip()}:{fields[19]}"


def _identify_by_ps(pid: int) -> str | None:
    with os.popen(f"ps -o lstart= -p {pid:d}") as output:  # noqa: S605 - an integer; macOS has no /proc
        return output.read().strip() or None


def find_descendant(pid: int, depth: int) -> int | None:
    """The process ``depth`` generations below ``pid``, first children; None while there is none."""
    for _ in range(depth):
        children = _list_children(pid)
        if not children:
            return None
        pid = children[0]
    return pid


def _list_children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
