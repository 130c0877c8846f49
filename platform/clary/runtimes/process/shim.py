"""Owns one process for its whole life, so that the platform may die and come back.

It starts with the standard library alone (see ``launch``) and must stay so: one runs beside every process.
The folder that it is given holds ``plan.json``, what to run; the shim writes ``state.json``, what became of
it. SIGTERM is handed on to the process; SIGUSR1 kills it with everything that it started.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import time
from pathlib import Path

from clary.runtimes.lines import LineLog
from clary.runtimes.process.child import Child
from clary.runtimes.process.identity import identify

DRAIN_SECONDS = 1.0
_POLL_SECONDS = 0.02


class Shim:
    """Watches one child from start to end and keeps ``state.json`` true."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = json.loads((folder / "plan.json").read_text())
        self._log = _open_log(self._plan["log"])
        self._oom_kills = _count_oom_kills()
        self._wants_term = False
        self._wakeup = _catch_signals()
        self._relay = _start_relay(**self._plan["relay"]) if self._plan["relay"] else None
        self._child = Child(
            self._plan["argv"],
            environment=self._plan["environment"],
            limits=self._plan["limits"],
            depth=self._plan["depth"],
        )
        self._state: dict[str, object] = {
            "pid": os.getpid(),
            "identity": identify(os.getpid()),
            "child": self._child.pid,
            "child_identity": identify(self._child.pid),
            "started_at": time.time(),
        }
        self._write_state()

    def run(self) -> None:
        """Copy output until the child is gone and its pipes are dry, then record the end."""
        logs = {stream: LineLog(self._log) for stream in self._child.streams}
        unread = set(logs)
        deadline: float | None = None
        while not self._child.poll() or (unread and not _is_past(deadline)):
            if self._child.exit_code is not None and deadline is None:
                deadline = time.monotonic() + DRAIN_SECONDS
                self._child.sweep()
            pause = _POLL_SECONDS if self._wants_term or deadline else None
            for ready in select.select([*unread, self._wakeup], [], [], pause)[0]:
                if ready == self._wakeup:
                    self._take_signals()
                elif data := os.read(ready, 65536):
                    logs[ready].feed(data)
                else:
                    unread.discard(ready)
            if self._wants_term and self._child.exit_code is None:
                self._wants_term = not self._child.terminate()
        for log in logs.values():
            log.close()
        self._record_end(next((log.error for log in logs.values() if log.error), None))

    def _take_signals(self) -> None:
        numbers = os.read(self._wakeup, 4096)
        self._wants_term = self._wants_term or signal.SIGTERM in numbers
        if signal.SIGUSR1 in numbers:
            self._child.kill()

    def _record_end(self, log_error: str | None) -> None:
        if self._relay is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._relay, signal.SIGKILL)
        killed_by_other = self._child.exit_code == 128 + signal.SIGKILL and not self._child.killed
        self._state["exit_code"] = self._child.exit_code
        self._state["finished_at"] = time.time()
        self._state["out_of_memory"] = killed_by_other and _count_oom_kills() > self._oom_kills
        self._state["error"] = self._child.error or log_error
        self._write_state()

    def _write_state(self) -> None:
        draft = self._folder / "state.draft"
        draft.write_text(json.dumps(self._state))
        draft.replace(self._folder / "state.json")


def _open_log(path: str | None) -> int | None:
    if path is None:
        return None
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def _catch_signals() -> int:
    """The end of a pipe that gets the number of each signal that comes."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return read


def _start_relay(*, argv: list[str], port: int) -> int:
    """Start the relay of a server that sits in a network of its own; it inherits the socket to listen on."""
    import socket  # only servers in isolation pay for it

    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.set_inheritable(True)
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError):
            os.setsid()
            os.execve(argv[0], [*argv, str(listener.fileno())], {})  # noqa: S606
        os._exit(127)
    listener.close()
    return pid


def _count_oom_kills() -> int:
    with contextlib.suppress(OSError):  # absent outside Linux
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _is_past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _detach(folder: Path) -> None:
    """Leave the caller's session and streams; what goes wrong in the shim itself lands in ``shim.log``."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(folder / "shim.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((null, 0), (null, 1), (errors, 2)):
        os.dup2(source, target)
    os.chdir(folder / "tmp")


def main(arguments: list[str]) -> int:
    """Start the process of a folder in the background; 0 once it runs, 1 where the shim failed."""
    folder = Path(arguments[0])
    ready = os.pipe()
    if os.fork():
        os.close(ready[1])
        return 0 if os.read(ready[0], 1) else 1
    _detach(folder)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if (folder / "state.json").exists():  # another shim was faster
        os.write(ready[1], b"1")
        return 0
    shim = Shim(folder)
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.write(ready[1], b"1")
    os.close(ready[1])
    shim.run()
    return 0
