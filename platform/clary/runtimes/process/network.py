"""A private network that the isolated processes of one group share: a namespace with loopback alone."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
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
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            holder = self._find_holder()
            if holder is None:
                holder = _start_holder()
                content = {"pid": holder, "identity": identify(holder)}
                (self.folder / "holder.json").write_text(json.dumps(content))
            return holder

    def join(self, command: list[str]) -> list[str]:
        """The command line that runs ``command`` in this network."""
        flags = ["--target", str(self.open()), "--user", "--net", "--preserve-credentials"]
        return [shutil.which("nsenter") or "nsenter", *flags, "--", *command]

    def close(self) -> None:
        """End the holder; the network goes with the last process in it."""
        if (holder := self._find_holder()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _find_holder(self) -> int | None:
        path = self.folder / "holder.json"
        if not path.exists():
            return None
        record = json.loads(path.read_text())
        return int(record["pid"]) if identify(record["pid"]) == record["identity"] else None


def _start_holder() -> int:
    """Start the holder as an orphan, so that nobody has to reap it, and return its pid."""
    ready, signalled = os.pipe()
    unshare = [shutil.which("unshare") or "unshare", "--user", "--map-root-user", "--net", "--"]
    command = [*unshare, *program("hold", str(signalled))]
    shell = ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 & echo $!', "sh", *command]
    try:
        done = subprocess.run(
            shell, capture_output=True, pass_fds=(signalled,), start_new_session=True, timeout=_START_SECONDS,
            check=True,
        )  # fmt: skip
    finally:
        os.close(signalled)
    started = os.read(ready, 1)
    os.close(ready)
    if not started:
        raise PlatformFault("a private network could not be made: `unshare --user --net` does not work here")
    return int(done.stdout)
