"""``run/platform.json``: where the platform of a data folder answers, and by which processes."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from clary.supervisor.files import write_atomically


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One process: its role (``supervisor``, ``gateway-1`` …), pid, and start in epoch seconds."""

    role: str
    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class PlatformRecord:
    """What a started platform says of itself. ``started`` is in epoch seconds.

    ``roles`` are the processes that there should be beside the supervisor, ``processes`` those that live.
    """

    url: str
    version: str
    account: str
    region: str
    started: float
    runtime: str = ""
    ready: bool = False
    roles: tuple[str, ...] = field(default=())
    processes: tuple[ProcessRecord, ...] = field(default=())

    def write(self, folder: Path) -> None:
        """Replace the folder's record."""
        write_atomically(record_path(folder), json.dumps(asdict(self), indent=2) + "\n", mode=0o644)


def record_path(folder: Path) -> Path:
    """The record's file in a data folder."""
    return folder / "run" / "platform.json"


def read_record(folder: Path) -> PlatformRecord | None:
    """The folder's record, or None where no platform left one that can be read."""
    try:
        document: dict[str, Any] = json.loads(record_path(folder).read_text())
        processes = tuple(ProcessRecord(**process) for process in document.pop("processes"))
        roles = tuple(document.pop("roles", ()))
        return PlatformRecord(**document, roles=roles, processes=processes)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def remove_record(folder: Path) -> None:
    """Forget the platform of the folder."""
    with suppress(FileNotFoundError):
        record_path(folder).unlink()
