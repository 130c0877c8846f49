"""What a place where containers run must offer. ``process`` and ``docker`` are two such places."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Phase(StrEnum):
    """Where a container is in its life."""

    RUNNING = "running"
    EXITED = "exited"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine, seen inside at ``target``."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use; ``None`` leaves a limit out. Memory in bytes."""

    cpus: float | None = None
    memory: int | None = None
    pids: int = 4096
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container to start.

    ``name`` is unique on the machine and carries the resource's uid and generation: starting a name that
    exists adopts it. ``group`` names the hosts that see each other (a job's uid); ``hostname`` is this one's
    name among them (``algo-1``), ``peers`` all of them in order. ``log_path`` gets every output line as
    ``<epoch milliseconds> <text>`` the moment it is written.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    group: str = ""
    hostname: str = "algo-1"
    peers: tuple[str, ...] = ("algo-1",)
    network_isolation: bool = False
    port: int | None = None
    log_path: Path | None = None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What is known of a container. ``started_at`` and ``finished_at`` are epoch seconds.

    ``lost``: nobody saw its end, which the platform or the machine caused; the exit code is a guess.
    """

    phase: Phase
    exit_code: int | None = None
    out_of_memory: bool = False
    lost: bool = False
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A container found by its labels; phase MISSING where it was created and not started."""

    name: str
    labels: Mapping[str, str]
    phase: Phase


class Runtime(Protocol):
    """Starts, watches and stops containers. Every call is idempotent and safe from any thread."""

    name: str

    @property
    def keeps_read_only(self) -> bool:
        """Whether a container can't write to a mount that is read-only."""

    def check_image(self, image: str) -> None:
        """Raise :class:`clary.kernel.errors.ClientFault` where the image can't be run here, saying why."""

    def prepare_image(self, image: str, *, report: Callable[[str], None] | None = None) -> None:
        """Build or pull what ``image`` needs, minutes the first time. ``report`` gets progress lines."""

    def start(self, spec: ContainerSpec) -> None:
        """Start the container, or adopt the one of that name."""

    def inspect(self, name: str) -> ContainerState:
        """The container's state now; phase MISSING where there is none."""

    def wait(self, name: str, timeout: float) -> ContainerState:
        """Block until the container exits or ``timeout`` seconds pass, then the state."""

    def stop(self, name: str, grace: float) -> None:
        """TERM, then KILL after ``grace`` seconds; returns when it is down."""

    def remove(self, name: str) -> None:
        """Forget a container and free what it held; kills it where it still runs."""

    def remove_group(self, group: str) -> None:
        """Free what the group's containers shared (networks, addresses)."""

    def address(self, name: str) -> tuple[str, int] | None:
        """Host and port where the container's ``port`` is reached from this machine; None while unknown."""

    def list(self, labels: Mapping[str, str]) -> Iterable[Listed]:
        """Containers of this data folder that carry all the labels, also what was begun and never started."""

    def platform_url(self, url: str) -> str:
        """The gateway's URL as a container sees it."""
