"""Kills a process of the platform at the next boundary between two of its steps, where a test asks for that.

It is on the PYTHONPATH of the platforms that the chaos tests start, and does nothing elsewhere. A boundary
is the moment before a database commit and the moment after each of: a commit, a block of a body written, a
sync, a change of a name on disk, the removal of a tree, the start of a process, a runtime's start, stop or
removal of a container. The folder ``CHAOS_FOLDER`` holds the order (see ``support.killing``): which role is
to die, and at which boundary. CHAOS_LEASE_SECONDS makes leases shorter.
"""

import contextlib
import fcntl
import functools
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_inside = threading.local()


class Killer:
    """Counts the boundaries that the processes of this role pass, and dies at the one that it is told."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder = folder
        self._role = role
        self._rename = os.rename

    def pass_boundary(self, name: str) -> None:
        """Go on, or never return."""
        try:
            order = json.loads((self._folder / "order.json").read_text())
        except FileNotFoundError:
            return
        if not self._role.startswith(order["role"]) or (order["only"] and not name.startswith(order["only"])):
            return
        with (self._folder / f"{order['id']}.passed").open("a+") as passed:
            fcntl.flock(passed, fcntl.LOCK_EX)
            passed.write(f"{self._role}: {name}\n")
            passed.flush()
            passed.seek(0)
            if len(passed.readlines()) == order["at"]:
                with contextlib.suppress(FileNotFoundError):  # the order was withdrawn at this moment
                    self._rename(self._folder / "order.json", self._folder / f"{order['id']}.killed")
                    os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, name: str, label: str, *, before: bool = False) -> None:
        """Make the return of a function (and its call, if ``before``) a boundary."""
        watched: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(watched)
        def call(*arguments: Any, **options: Any) -> Any:
            if getattr(_inside, "tree", False):
                return watched(*arguments, **options)
            if before:
                self.pass_boundary(f"before {label}")
            _inside.tree = name == "rmtree"
            try:
                result = watched(*arguments, **options)
            finally:
                _inside.tree = False
            self.pass_boundary(f"after {label}")
            return result

        setattr(owner, name, call)


def _find_role() -> str | None:
    module = next((word for word in sys.orig_argv if word.startswith("clary.")), "")
    if module in {"clary.supervisor.controller", "clary.supervisor.gateway"}:
        return sys.orig_argv[sys.orig_argv.index("--name") + 1]
    return {"clary.supervisor": "supervisor", "clary.store.migrate": "migrate"}.get(module)


def _watch(killer: Killer, role: str) -> None:
    for name in ("rename", "replace", "link", "unlink", "writev", "fsync"):
        killer.watch(os, name, name)
    killer.watch(shutil, "rmtree", "rmtree")
    killer.watch(subprocess.Popen, "__init__", "spawn")
    if role == "supervisor":
        # Rounds follow each other closely: a process that dies is started again at once, however often.
        importlib.import_module("clary.supervisor.child").RESTART_SECONDS = (0.0,)
        return
    killer.watch(
        importlib.import_module("sqlalchemy.engine.default").DefaultDialect,
        "do_commit",
        "commit",
        before=True,
    )
    if role == "controller":
        _watch_containers(killer)
        # Long enough for gateways to learn that an instance drains, and short for a round.
        importlib.import_module("clary.resources.endpoint.retiring").DRAIN_OWN = 500_000


def _watch_containers(killer: Killer) -> None:
    runtime = importlib.import_module("clary.runtimes.process.runtime").ProcessRuntime
    for name in ("start", "stop", "remove", "remove_group"):
        killer.watch(runtime, name, f"{name} container")
    if os.environ.get("CLARY_RUNTIME") == "docker":
        engine = importlib.import_module("docker").APIClient
        for name in ("create_container_from_config", "start", "kill", "remove_container", "create_network"):
            killer.watch(engine, name, f"docker {name}")


def _shorten_leases(seconds: float) -> None:
    importlib.import_module("clary.kernel.leases").DURATION = round(seconds * 1_000_000)
    importlib.import_module("clary.kernel.reconciler").RENEW_SECONDS = seconds / 3


if "CHAOS_LEASE_SECONDS" in os.environ and any("controller" in word for word in sys.orig_argv):
    _shorten_leases(float(os.environ["CHAOS_LEASE_SECONDS"]))
if "CHAOS_FOLDER" in os.environ and (_role := _find_role()) is not None:
    _watch(Killer(Path(os.environ["CHAOS_FOLDER"]), _role), _role)
