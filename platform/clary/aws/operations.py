"""The registry of operations: what a module must say to answer one AWS call.

    @operation("sagemaker", "CreateModel", support=Support.REAL)
    def create_model(context: Context, request: Request) -> Response: ...

``request`` is the parsed and validated input, by the model's member names (timestamps are aware datetimes,
blobs are bytes); the answer is the output by the same names. Handlers are plain functions and run in a
thread. Modules under ``clary.resources`` and ``clary.neighbours`` are imported by :func:`discover`: a new
file is enough.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clary.kernel.platform import Platform

Request = dict[str, Any]
Response = dict[str, Any] | None


class Support(StrEnum):
    """How far an operation goes."""

    REAL = "real"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Context:
    """Who calls, from where, and the platform that answers."""

    platform: Platform
    account: str
    region: str
    principal: str
    access_key_id: str
    request_id: str


Handler = Callable[[Context, Request], Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """One registered operation of one service (by botocore's service and operation names)."""

    service: str
    name: str
    support: Support
    handler: Handler


_registry: dict[tuple[str, str], Operation] = {}


def register(service: str, name: str, handler: Handler, *, support: Support = Support.REAL) -> None:
    """Add an operation; two handlers for one operation are a programming error."""
    if (service, name) in _registry:
        raise ValueError(f"{service}.{name} is registered twice")
    _registry[service, name] = Operation(service, name, support, handler)


def operation(service: str, name: str, *, support: Support = Support.REAL) -> Callable[[Handler], Handler]:
    """Decorator form of :func:`register`."""

    def decorate(handler: Handler) -> Handler:
        register(service, name, handler, support=support)
        return handler

    return decorate


def find(service: str, name: str) -> Operation | None:
    """The registered operation, or None."""
    return _registry.get((service, name))


def registered() -> tuple[Operation, ...]:
    """Every operation, sorted by service and name."""
    return tuple(_registry[key] for key in sorted(_registry))


def discover(packages: Iterable[str] = ("clary.resources", "clary.neighbours")) -> None:
    """Import every module of the packages, so that their operations are registered."""
    for package in packages:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
