"""One process of the platform, started again whenever it dies."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

RESTART_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Role:
    """What a process is for. ``grace`` is how long (seconds) it may take to stop before it is killed."""

    name: str
    module: str
    grace: float
    listeners: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A child has a process (again)."""

    name: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A child does its work."""

    name: str


@dataclass(frozen=True, slots=True)
class Died:
    """A child's process ended without being asked; ``code`` is negative for a signal."""

    name: str
    code: int


Event = Started | Ready | Died


class Child:
    """Runs a role in a process of its own; a thread waits for it and starts it again with growing pauses."""

    def __init__(
        self,
        role: Role,
        *,
        environment: Mapping[str, str],
        lifeline: int,
        errors: Path,
        report: Callable[[Event], None],
    ) -> None:
        self.role = role
        self.started = 0.0
        self._environment = environment
        self._lifeline = lifeline
        self._errors = errors
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._keep_alive, name=role.name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process and keep it alive until :meth:`ask_to_stop`."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send TERM and start the process no more."""
        with self._starting:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()

    def wait_until_stopped(self) -> None:
        """Return when the process is gone, by KILL where the role's grace is over."""
        process = self._process
        if process is not None:
            try:
                process.wait(self.role.grace)
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop in %.0f s; killing it", self.role.name, self.role.grace)
                process.kill()
        self._thread.join()

    def _keep_alive(self) -> None:
        failures = 0
        while (code := self._run_once()) is not None:
            lived = time.time() - self.started
            failures = 0 if lived > STEADY_SECONDS else failures + 1
            pause = RESTART_SECONDS[min(failures, len(RESTART_SECONDS)) - 1] if failures else 0.0
            log.error("%s ended with code %d after %.1f s", self.role.name, code, lived)
            self._report(Died(self.role.name, code))
            if self._stopping.wait(pause):
                return

    def _run_once(self) -> int | None:
        """Start the process and wait for its end: its exit code, or None where the end was asked for."""
        ready, tell_ready = os.pipe()
        try:
            with self._starting:
                if self._stopping.is_set():
                    return None
                self._process = process = self._spawn(tell_ready)
        finally:
            os.close(tell_ready)
        self._report(Started(self.role.name))
        if self._read_once(ready):
            self._report(Ready(self.role.name))
        code = process.wait()
        return None if self._stopping.is_set() else code

    def _spawn(self, tell_ready: int) -> subprocess.Popen[bytes]:
        passed = (*self.role.listeners, tell_ready, self._lifeline)
        command = [sys.executable, "-P", "-m", self.role.module, "--name", self.role.name]
        command += ["--ready", str(tell_ready), "--lifeline", str(self._lifeline)]
        command += [f"--listen={descriptor}" for descriptor in self.role.listeners]
        self.started = time.time()
        # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops in order.
        with self._errors.open("ab") as errors:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=dict(self._environment),
                pass_fds=passed,
                start_new_session=True,
            )

    @staticmethod
    def _read_once(descriptor: int) -> bytes:
        try:
            return os.read(descriptor, 1)
        finally:
            os.close(descriptor)
