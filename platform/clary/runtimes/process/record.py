"""One process's folder under ``run/containers``: what was asked, what became of it."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.runtimes.process.identity import identify
from clary.runtimes.protocol import ContainerState, Phase

_POLL_SECONDS = 0.01
_LOST = "the process that watched it was killed"
_KILLED_EXIT_CODE = 137


@dataclass(frozen=True, slots=True)
class Record:
    """The folder of one process: whole from the moment it exists; ``state.json`` comes from the shim."""

    folder: Path

    @contextlib.contextmanager
    def draft(self) -> Iterator["Draft"]:
        """A folder to fill; it gets its name, all at once, where the block ends well."""
        with _make_scratch(self.folder.parent) as scratch:
            draft = Draft(folder=scratch, target=self.folder)
            yield draft
            self._publish(draft)

    def _publish(self, draft: "Draft") -> None:
        try:
            draft.folder.rename(self.folder)
        except OSError:
            if not self.exists:  # else another start was faster: its record counts
                raise

    @property
    def exists(self) -> bool:
        return self.folder.is_dir()

    @property
    def started(self) -> bool:
        return (self.folder / "state.json").exists()

    @property
    def spec(self) -> dict[str, Any]:
        """What was asked: labels, group, image."""
        return self._read("spec.json")

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        return content

    def find_shim(self) -> int | None:
        """Pid of the shim, where it lives."""
        return self._find_live("pid", "identity")

    def _find_live(self, pid: str, identity: str) -> int | None:
        state = self._read("state.json")
        if not state or state[identity] is None or identify(state[pid]) != state[identity]:
            return None
        return int(state[pid])

    def read_state(self) -> ContainerState:
        """The state now."""
        state = self._read("state.json")
        if not state:
            return ContainerState(phase=Phase.MISSING)
        if "exit_code" not in state and self.find_shim() is not None:
            return ContainerState(phase=Phase.RUNNING, started_at=state["started_at"])
        state = self._read("state.json")  # the shim may have ended between the two looks
        ended_here = "exit_code" in state
        return ContainerState(
            phase=Phase.EXITED,
            exit_code=state["exit_code"] if ended_here else _KILLED_EXIT_CODE,
            out_of_memory=bool(state.get("out_of_memory")),
            lost=not ended_here,
            started_at=state["started_at"],
            finished_at=state.get("finished_at"),
            error=state.get("error") if ended_here else _LOST,
        )

    def wait(self, timeout: float) -> None:
        """Block until the shim is gone or ``timeout`` seconds pass."""
        shim = self.find_shim()
        if shim is None:
            return
        if hasattr(os, "pidfd_open"):
            self._wait_by_descriptor(shim, timeout)
            return
        deadline = time.monotonic() + timeout
        while self.find_shim() is not None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _wait_by_descriptor(self, shim: int, timeout: float) -> None:
        try:
            descriptor = os.pidfd_open(shim)
        except ProcessLookupError:
            return
        try:
            if self.find_shim() == shim:  # else the pid was another's before the descriptor was made
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(timeout * 1000)
        finally:
            os.close(descriptor)

    def signal(self, number: signal.Signals) -> None:
        """Signal the shim, where it lives."""
        if (shim := self.find_shim()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(shim, number)

    def kill(self, patience: float) -> None:
        """Kill the process and all that it started; also a shim that takes over ``patience`` seconds."""
        self.signal(signal.SIGUSR1)
        self.wait(patience)
        self.signal(signal.SIGKILL)
        if (child := self._find_live("child", "child_identity")) is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)

    def delete(self) -> None:
        """Forget it: its name is free at once."""
        with _make_scratch(self.folder.parent) as grave, contextlib.suppress(FileNotFoundError):
            self.folder.rename(grave / "record")


@dataclass(frozen=True, slots=True)
class Draft:
    """A record in the making in ``folder``, to be found at ``target``."""

    folder: Path
    target: Path

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write one JSON file; the folder is open to the platform's user alone, since it may hold secrets."""
        (self.folder / name).write_text(json.dumps(content))


@contextlib.contextmanager
def _make_scratch(records: Path) -> Iterator[Path]:
    """A hidden folder beside the records, for the length of the block."""
    records.mkdir(parents=True, exist_ok=True)
    with _lock_path(records).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        scratch = Path(tempfile.mkdtemp(prefix=".", dir=records))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def sweep_scratch(records: Path) -> None:
    """Remove the hidden folders that killed processes left; not while any process has one in use."""
    records.mkdir(parents=True, exist_ok=True)
    with _lock_path(records).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for scratch in records.glob(".*"):
            shutil.rmtree(scratch, ignore_errors=True)


def _lock_path(records: Path) -> Path:
    return records.with_suffix(".lock")
