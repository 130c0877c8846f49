"""What an ``ml.*`` instance type has, and how much of that a container gets on this machine."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from clary.runtimes.machine import Machine, read_machine
from clary.runtimes.protocol import Limits

GIB = 2**30
_SIZE = re.compile(r"^(?:(?P<factor>\d*)xlarge|(?P<name>medium|large))$")
_NAMED_SIZES = {"medium": 1, "large": 2}


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One row of AWS's table: vCPUs, memory in GiB, NVIDIA GPUs."""

    vcpus: int
    memory: float
    gpus: int = 0


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("clary.runtimes").joinpath("instance_types.toml").read_text())


def _vcpus(size: str) -> int | None:
    parts = _SIZE.match(size)
    if parts is None:
        return None
    return _NAMED_SIZES[parts["name"]] if parts["name"] else 4 * int(parts["factor"] or 1)


def find_instance_type(name: str) -> InstanceType | None:
    """The instance type of that name (``ml.m5.xlarge``); None where the table has none."""
    bare = name.removeprefix("ml.")
    if row := _table()["types"].get(bare):
        return InstanceType(*row)
    family, _, size = bare.partition(".")
    ratio, vcpus = _table()["families"].get(family), _vcpus(size)
    if ratio is None or vcpus is None:
        return None
    return InstanceType(vcpus=vcpus, memory=vcpus * ratio)


def limits(instance_type: str, *, machine: Machine | None = None) -> Limits:
    """What a container on that instance type may use, capped at what this machine has.

    A type that the table doesn't hold gets the whole machine.
    """
    machine = machine or read_machine()
    found = find_instance_type(instance_type)
    if found is None:
        return Limits(cpus=float(machine.cpus), memory=machine.memory)
    return Limits(
        cpus=float(min(found.vcpus, machine.cpus)),
        memory=min(int(found.memory * GIB), machine.memory),
        gpus=found.gpus,
    )
