"""How much memory this container may still take."""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int | None:
    """Bytes left under the control group's limit and on the machine, or None where neither is known."""
    known = [room for room in (_read_cgroup_room(), _read_machine_room()) if room is not None]
    return min(known, default=None)


def _read_cgroup_room() -> int | None:
    limit, used = _read_number(_CGROUP / "memory.max"), _read_number(_CGROUP / "memory.current")
    return None if limit is None or used is None else limit - used


def _read_machine_room() -> int | None:
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return None
    kibibytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kibibytes[0]) << 10 if kibibytes else None


def _read_number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
