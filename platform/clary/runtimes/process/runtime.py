"""The runtime without Docker."""

import compileall
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from clary.kernel.errors import PlatformFault
from clary.runtimes.process.isolation import Isolation, choose_isolation
from clary.runtimes.process.launch import program
from clary.runtimes.process.leases import Leases
from clary.runtimes.process.network import SharedNetwork
from clary.runtimes.process.plan import Planner, resolve_image
from clary.runtimes.process.record import Record, sweep_scratch
from clary.runtimes.process.view import find_algorithms
from clary.runtimes.protocol import ContainerSpec, ContainerState, Listed

_START_SECONDS = 30
_KILL_SECONDS = 5.0


class ProcessRuntime:
    """Runs catalog images as sandboxed child processes, each owned by a shim that outlives the platform."""

    name = "process"

    def __init__(self, data_folder: Path, *, isolation: Isolation | None = None) -> None:
        self._run = data_folder / "run"
        self._containers = self._run / "containers"
        self._addresses = Leases(self._run / "addresses.json")
        self._ports = Leases(self._run / "ports.json")
        self.isolation = choose_isolation() if isolation is None else isolation
        self._planner = Planner(
            data_folder=data_folder,
            run_folder=self._run,
            isolation=self.isolation,
            addresses=self._addresses,
            ports=self._ports,
        )
        self._compile_lock = threading.Lock()
        sweep_scratch(self._containers)

    def _record(self, name: str) -> Record:
        if not name or "/" in name or name.startswith("."):
            raise PlatformFault(f"{name!r} is no name for a container")
        return Record(self._containers / name)

    @property
    def keeps_read_only(self) -> bool:
        """Not without a sandbox: the command then has the folders themselves."""
        return self.isolation is not Isolation.NONE

    def check_image(self, image: str) -> None:
        """Raise ClientFault for what is not in the catalog."""
        resolve_image(image)

    def prepare_image(self, image: str, *, report: Callable[[str], None] | None = None) -> None:  # noqa: ARG002
        """Compile the algorithms once: a sandbox can't write bytecode, each job would compile anew."""
        if resolve_image(image).algorithm is None:
            return
        package = find_algorithms()
        if package is None:
            raise PlatformFault(
                "the package clary_algorithms is not installed; `pip install 'clary[algorithms]'`"
            )
        with self._compile_lock:
            compileall.compile_dir(str(package), quiet=2)

    def start(self, spec: ContainerSpec) -> None:
        """Start a process, or adopt the one of that name."""
        record = self._record(spec.name)
        if record.started:
            return
        if not record.exists:
            with record.draft() as draft:
                self._planner.write(spec, draft)
        done = subprocess.run(
            program("shim", str(record.folder)), capture_output=True, timeout=_START_SECONDS, check=False
        )
        if done.returncode != 0:
            log = record.folder / "shim.log"
            reason = log.read_text() if log.exists() else done.stderr.decode(errors="replace")
            raise PlatformFault(f"{spec.name} could not be started: {reason.strip() or 'no reason is known'}")

    def inspect(self, name: str) -> ContainerState:
        """The state now."""
        return self._record(name).read_state()

    def wait(self, name: str, timeout: float) -> ContainerState:
        """Block until it ends or the time is over."""
        record = self._record(name)
        record.wait(timeout)
        return record.read_state()

    def stop(self, name: str, grace: float) -> None:
        """TERM to the command, KILL to all of it after ``grace`` seconds."""
        record = self._record(name)
        record.signal(signal.SIGTERM)
        record.wait(grace)
        record.kill(_KILL_SECONDS)

    def remove(self, name: str) -> None:
        """Kill it where it runs, forget it, free its port."""
        record = self._record(name)
        if record.exists:
            record.kill(_KILL_SECONDS)
            record.delete()
        self._ports.release(name)

    def remove_group(self, group: str) -> None:
        """Free the group's addresses and its private network."""
        self._addresses.release(group)
        SharedNetwork(self._run / "networks" / group).close()

    def address(self, name: str) -> tuple[str, int] | None:
        """Where its server is reached."""
        held = self._ports.find(name)
        return ("127.0.0.1", int(held[0])) if held else None

    def list(self, labels: Mapping[str, str]) -> Iterable[Listed]:
        """Processes that carry all the labels."""
        for folder in self._containers.iterdir():
            record = Record(folder)
            if folder.name.startswith(".") or not (spec := record.spec):
                continue
            if labels.items() <= spec["labels"].items():
                yield Listed(name=folder.name, labels=spec["labels"], phase=record.read_state().phase)

    def platform_url(self, url: str) -> str:
        """The gateway is reached as it is: the network is this machine's."""
        return url
