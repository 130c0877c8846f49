"""How a process is kept apart from this machine: bubblewrap, else a user namespace, else not at all."""

import json
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from clary.runtimes.process.launch import program
from clary.runtimes.process.view import Bind, Empty, Entry, Link, compose_view

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 10


class Isolation(StrEnum):
    """The ways, best first."""

    BUBBLEWRAP = "bubblewrap"
    USER_NAMESPACE = "user namespace"
    NONE = "none"

    @property
    def depth(self) -> int:
        """Wrapper processes between the shim and the command."""
        return 0 if self is Isolation.NONE else 2


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One process's own world: what it sees, its host name, and whether it has a network.

    ``folder`` is a folder of this machine that holds, when the process starts, what ``write`` wrote.
    """

    folder: Path
    view: Sequence[Entry]
    hostname: str
    network: bool = True

    def wrap(self, command: Sequence[str], isolation: Isolation) -> list[str]:
        """The command line that runs ``command`` inside."""
        if isolation is Isolation.BUBBLEWRAP:
            return self._wrap_with_bubblewrap(command)
        if isolation is Isolation.USER_NAMESPACE:
            return self._wrap_with_unshare(command)
        return list(command)

    def _wrap_with_bubblewrap(self, command: Sequence[str]) -> list[str]:
        arguments = [_find("bwrap"), "--die-with-parent", "--cap-drop", "ALL", "--chdir", "/"]
        arguments += ["--unshare-user", "--uid", "0", "--gid", "0"]
        arguments += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", self.hostname]
        arguments += [] if self.network else ["--unshare-net"]
        for entry in self.view:
            match entry:
                case Bind(source, target, read_only):
                    arguments += ["--ro-bind" if read_only else "--bind", source, target]
                case Link(to, target):
                    arguments += ["--symlink", to, target]
                case Empty(target):
                    arguments += ["--tmpfs", target]
        arguments += ["--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys"]
        return [*arguments, "--", *command]

    def _wrap_with_unshare(self, command: Sequence[str]) -> list[str]:
        flags = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"]
        flags += [] if self.network else ["--net"]
        return [
            _find("unshare"),
            *flags,
            "--",
            *program("enter", str(self.folder / "sandbox.json"), *command),
        ]

    def write(self, folder: Path) -> None:
        """Write what ``enter`` reads into ``folder``, which becomes the sandbox's folder."""
        entries = [{"kind": type(entry).__name__, **asdict(entry)} for entry in self.view]
        plan = {
            "root": str(self.folder / "root"),
            "hostname": self.hostname,
            "network": self.network,
            "view": entries,
        }
        (folder / "root").mkdir()
        (folder / "sandbox.json").write_text(json.dumps(plan))


def _find(tool: str) -> str:
    return shutil.which(tool) or tool


def choose_isolation() -> Isolation:
    """The best way that really works here; a warning where none does."""
    for isolation in (Isolation.BUBBLEWRAP, Isolation.USER_NAMESPACE):
        if try_isolation(isolation) is None:
            return isolation
    _log.warning(
        "Jobs run without isolation: neither bubblewrap nor an unprivileged user namespace works here. "
        "Install bubblewrap (the `bwrap` command), or use Docker; `clary doctor` tells more."
    )
    return Isolation.NONE


def try_isolation(isolation: Isolation) -> str | None:
    """Start Python in a sandbox of that kind; None where it works, else what went wrong."""
    if isolation is Isolation.NONE:
        return None
    tool = "bwrap" if isolation is Isolation.BUBBLEWRAP else "unshare"
    if shutil.which(tool) is None:
        return f"the `{tool}` command is not installed"
    with tempfile.TemporaryDirectory(prefix="clary-") as name:
        folder = Path(name)
        view = compose_view(mounts=(), files={}, scratch=folder, hidden=())
        sandbox = Sandbox(folder=folder, view=view, hostname="algo-1", network=False)
        sandbox.write(folder)
        command = sandbox.wrap([sys.executable, "-I", "-S", "-c", "pass"], isolation)
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"`{tool}` ended with exit code {done.returncode}"
