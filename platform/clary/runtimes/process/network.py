"""A private network that the isolated processes of one group share: a namespace with loopback alone."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.kernel.errors import PlatformFault
from clary.runtimes.process.identity import identify
from clary.runtimes.process.launch import program

_START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SharedNetwork:
    """The network of the group that ``folder`` belongs to; a holder process keeps it alive."""

    folder: Path

    def open(self) -> int:
        """The pid of the holder, started where there is none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked() as lock:
            holder = self._find_holder()
            if holder is None:
                _start_holder(self._record, lock)
                holder = self._find_holder()
            if holder is None:
                raise PlatformFault(
                    "a private network could not be made: `unshare --user --net` does not work here"
                )
            return holder

    def join(self, command: list[str]) -> list[str]:
        """The command line that runs ``command`` in this network."""
        flags = ["--target", str(self.open()), "--user", "--net", "--preserve-credentials"]
        return [shutil.which("nsenter") or "nsenter", *flags, "--", *command]

    def close(self) -> None:
        """End the holder; the network goes with the last process in it."""
        if not self.folder.is_dir():
            return
        with self._locked():
            if (holder := self._find_holder()) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _record(self) -> Path:
        return self.folder / "holder.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def _find_holder(self) -> int | None:
        if not self._record.exists():
            return None
        record = json.loads(self._record.read_text())
        return int(record["pid"]) if identify(record["pid"]) == record["identity"] else None


def _start_holder(record: Path, lock: int) -> None:
    """Start the holder as an orphan, so that nobody has to reap it; it is ready when this returns."""
    ready, signalled = os.pipe()
    unshare = [shutil.which("unshare") or "unshare", "--user", "--map-root-user", "--net", "--"]
    command = [*unshare, *program("hold", str(record), str(signalled), str(lock))]
    shell = ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *command]
    try:
        subprocess.run(
            shell, pass_fds=(signalled, lock), start_new_session=True, timeout=_START_SECONDS, check=True
        )
    finally:
        os.close(signalled)
    with os.fdopen(ready, "rb") as pipe:
        pipe.read(1)
