"""docs/coverage.md: every operation of the services that the platform answers, and how far it goes."""

from collections.abc import Iterable

from clary.aws import operations
from clary.aws.models import load_service
from pages import NOTICE

HEAD = """# Coverage

*real*: does what AWS does. *recorded*: validated, stored, listed and deleted, with its states.
An operation that is not named here answers `UnsupportedOperation`; it is never faked.

| service | real | recorded | in AWS's API |
|---|---|---|---|
"""


def render() -> str:
    """The page."""
    operations.discover()
    found = operations.registered()
    services = sorted({operation.service for operation in found})
    summary, details = [], []
    for service in services:
        own = [operation for operation in found if operation.service == service]
        real = [operation.name for operation in own if operation.support is operations.Support.REAL]
        recorded = [operation.name for operation in own if operation.support is operations.Support.RECORDED]
        total = len(load_service(service).operation_names)
        summary.append(f"| {service} | {len(real)} | {len(recorded)} | {total} |\n")
        details.append(f"\n## {service}\n" + _list("real", real) + _list("recorded", recorded))
    return NOTICE + HEAD + "".join(summary) + "".join(details)


def _list(word: str, names: Iterable[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return f"\n*{word}*: {listed}\n" if listed else ""
