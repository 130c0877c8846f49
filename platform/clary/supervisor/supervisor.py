"""The parent of a platform's processes: sockets, schema, start, restarts, orderly end."""

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clary import __version__, schema
from clary.supervisor.child import Child, Died, Event, Ready, Role
from clary.supervisor.files import make_private_folder
from clary.supervisor.lock import FolderLock
from clary.supervisor.logs import log_folder
from clary.supervisor.record import PlatformRecord, ProcessRecord, remove_record
from clary.supervisor.sockets import CannotListen, bound_port, listen
from clary.supervisor.stale import clear_stale

log = logging.getLogger(__name__)

GATEWAY = "clary.supervisor.gateway"
CONTROLLER = "clary.supervisor.controller"
START_SECONDS = 60.0
# A gateway that a killed supervisor had just started keeps the port until it is far enough to notice.
LEFT_SECONDS = 15.0
GATEWAY_GRACE = 35.0
CONTROLLER_GRACE = 60.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class CannotStart(Exception):
    """The platform did not come up; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    ``origin`` is the platform's URL up to the port, ``also_listen`` are further addresses for the same port,
    ``controller`` is False where that process runs elsewhere, and ``database_url`` is SQLAlchemy's.
    """

    folder: Path
    host: str
    port: int
    also_listen: tuple[str, ...]
    workers: int
    controller: bool
    origin: str
    account: str
    region: str
    database_url: str
    runtime: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A signal asks for the end."""


class Supervisor:
    """Runs one plan until a signal ends it."""

    def __init__(self, plan: Plan, environment: Mapping[str, str]) -> None:
        self._plan = plan
        self._environment = dict(environment)
        self._events: queue.SimpleQueue[Event | StopAsked] = queue.SimpleQueue()
        self._children: list[Child] = []
        self._listeners: list[socket.socket] = []
        self._record = PlatformRecord(
            url="",
            version=__version__,
            account=plan.account,
            region=plan.region,
            started=time.time(),
            runtime=plan.runtime,
        )

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Start everything, call ``on_ready(url)`` once it answers, and return after an orderly stop.

        Raises CannotStart, CannotListen or FolderInUse where it does not come up.
        """
        folder = self._plan.folder
        make_private_folder(folder)
        with FolderLock(folder):
            crashed = clear_stale(folder) is not None
            if crashed:
                log.warning("the last platform on %s did not end in order; it was cleared away", folder)
            for number in STOP_SIGNALS:
                signal.signal(number, lambda *_: self._events.put(StopAsked()))
            try:
                self._start(patience=LEFT_SECONDS if crashed else 0.0)
                if self._wait_until_ready():
                    on_ready(self._record.url)
                    self._watch()
            finally:
                self._stop()
                remove_record(folder)

    def _start(self, *, patience: float) -> None:
        self._listeners = self._listen(patience)
        self._write_record()
        self._bring_schema_up_to_date()
        # Nothing is ever written: the children read the end of this process from it.
        lifeline, _ = os.pipe()
        folder = log_folder(self._plan.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for role in self._roles(tuple(listener.fileno() for listener in self._listeners)):
            # What a process says before its log is open; it begins anew with each start.
            errors = folder / f"{role.name}.err"
            errors.write_bytes(b"")
            child = Child(
                role,
                environment=self._environment,
                lifeline=lifeline,
                errors=errors,
                report=self._events.put,
            )
            self._children.append(child)
            child.start()

    def _roles(self, listeners: tuple[int, ...]) -> list[Role]:
        gateways = [
            Role(f"gateway-{number}", GATEWAY, GATEWAY_GRACE, listeners)
            for number in range(1, self._plan.workers + 1)
        ]
        controllers = [Role("controller", CONTROLLER, CONTROLLER_GRACE)] if self._plan.controller else []
        return [*gateways, *controllers]

    def _listen(self, patience: float) -> list[socket.socket]:
        listeners = [listen(self._plan.host, self._plan.port, patience=patience)]
        port = bound_port(listeners[0])
        self._environment["CLARY_PORT"] = str(port)
        self._record = replace(self._record, url=f"{self._plan.origin}:{port}")
        for address in self._plan.also_listen:
            try:
                listeners.append(listen(address, port))
            except CannotListen as error:
                log.warning("containers will not reach the platform: %s", error)
        return listeners

    def _bring_schema_up_to_date(self) -> None:
        if schema.is_current(self._plan.database_url):
            return
        finished = subprocess.run(
            [sys.executable, "-P", "-m", "clary.store.migrate"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            log.error("the schema could not be brought up to date:\n%s", finished.stderr)
            last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
            raise CannotStart(f"The database could not be brought up to date: {last}")

    def _wait_until_ready(self) -> bool:
        """False where a signal came first."""
        deadline = time.monotonic() + START_SECONDS
        awaited = {child.role.name for child in self._children}
        while awaited:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise CannotStart(f"Not ready after {START_SECONDS:.0f} s: {', '.join(awaited)}") from None
            match event:
                case Ready(name):
                    awaited.discard(name)
                case Died(name, code):
                    raise CannotStart(self._explain_death(name, code))
                case StopAsked():
                    return False
            self._write_record()
        self._record = replace(self._record, ready=True)
        self._write_record()
        log.info("ready at %s", self._record.url)
        return True

    def _watch(self) -> None:
        while not isinstance(self._events.get(), StopAsked):
            self._write_record()

    def _stop(self) -> None:
        # The controller first: the steps at hand may still need the object store that the gateway answers.
        log.info("stopping")
        for role in (CONTROLLER, GATEWAY):
            children = [child for child in self._children if child.role.module == role]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.wait_until_stopped()
        log.info("stopped")

    def _write_record(self) -> None:
        processes = [ProcessRecord("supervisor", os.getpid(), self._record.started)]
        for child in self._children:
            if (pid := child.pid) is not None:
                processes.append(ProcessRecord(child.role.name, pid, child.started))
        roles = tuple(child.role.name for child in self._children)
        replace(self._record, roles=roles, processes=tuple(processes)).write(self._plan.folder)

    def _explain_death(self, name: str, code: int) -> str:
        folder = log_folder(self._plan.folder)
        last = _last_line(folder / f"{name}.err") or _last_line(folder / f"{name}.log") or "no word"
        return f"{name} ended with code {code} while starting: {last} (see {folder / name}.log and .err)"


def _last_line(path: Path) -> str:
    if not path.exists():
        return ""
    return path.read_text(errors="replace").strip().rpartition("\n")[2]
