"""The process that a shim owns. Standard library alone."""

import contextlib
import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path

from clary.runtimes.process.identity import find_descendant

_HANDLED = (signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGPIPE)


class Child:
    """A started process. ``depth`` wrappers (bubblewrap, unshare) stand between it and the command.

    ``streams`` are the ends to read its stdout and stderr from; ``error`` says why it could not start.
    """

    def __init__(
        self,
        argv: list[str],
        *,
        environment: Mapping[str, str],
        limits: Mapping[str, int | None],
        depth: int,
    ) -> None:
        self._depth = depth
        self.exit_code: int | None = None
        self.killed = False
        outputs, errors, failure = os.pipe(), os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(argv, environment, limits, streams=(outputs[1], errors[1]), failure=failure[1])
        for end in (outputs[1], errors[1], failure[1]):
            os.close(end)
        self.streams = (outputs[0], errors[0])
        self.error = os.read(failure[0], 4096).decode(errors="replace") or None
        os.close(failure[0])

    def poll(self) -> bool:
        """Reap it if it ended; whether it has. A death by signal N gives exit code 128 + N."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code
        return self.exit_code is not None

    def terminate(self) -> bool:
        """Send TERM to the command; False while its wrappers have not started it yet."""
        target = find_descendant(self.pid, self._depth)
        if target is None:
            return False
        _signal(target, signal.SIGTERM)
        return True

    def kill(self) -> None:
        """Kill it and everything that it started."""
        self.killed = True
        if self._depth and (init := find_descendant(self.pid, 1)) is not None:
            _signal(init, signal.SIGKILL)  # the first process of a pid namespace takes all others with it
        self.sweep()

    def sweep(self) -> None:
        """Kill what is left of its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _become(
    argv: list[str],
    environment: Mapping[str, str],
    limits: Mapping[str, int | None],
    *,
    streams: tuple[int, int],
    failure: int,
) -> None:
    """Turn the forked process into the command; never returns."""
    code = 126
    try:
        os.setsid()
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        _limit_resources(limits)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - running the user's program is the purpose
    except (OSError, ValueError) as error:
        os.write(failure, f"{argv[0]}: {error}".encode())
        code = 127 if isinstance(error, FileNotFoundError) else 126
    finally:
        os._exit(code)


def _limit_resources(limits: Mapping[str, int | None]) -> None:
    """Set limits a process, and let the kernel choose this one first when the machine's memory runs out."""
    for name, kind in (("memory", resource.RLIMIT_DATA), ("pids", resource.RLIMIT_NPROC)):
        wanted, hard = limits.get(name), resource.getrlimit(kind)[1]
        if wanted is not None and (hard == resource.RLIM_INFINITY or wanted < hard):
            resource.setrlimit(kind, (wanted, wanted))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with contextlib.suppress(OSError):  # absent outside Linux
        Path("/proc/self/oom_score_adj").write_text("500")
