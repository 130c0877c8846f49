"""Wiping an account: its resources go in one transaction, then what runs for them is ended.

Whatever else keeps something for accounts (buckets, log groups, roles) registers how it forgets that:

    @forgets
    def forget_roles(session: Session, account: str) -> Forgotten: ...

A step at work on a resource that is gone finds its lease lost and writes nothing more. Containers and folders
of such resources are removed by the controller, which says so by the counter ``SWEEPS_DONE``.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import revisions
from clary.kernel.platform import Platform
from clary.store.tables import ResourceRow, TagRow

SWEEPS_ASKED = "sweeps-asked"
SWEEPS_DONE = "sweeps-done"
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten: how many of which things; ``files`` of the data folder are removed afterwards."""

    noun: str
    count: int
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Wiped:
    """A wipe: counts by noun, and whether everything that ran for the account has ended."""

    counts: dict[str, int]
    settled: bool


Forget = Callable[[Session, str], Forgotten | None]

_forgets: list[Forget] = []


def forgets(forget: Forget) -> Forget:
    """Register a function of (session, account) that removes what a module keeps for an account."""
    _forgets.append(forget)
    return forget


def wipe_account(platform: Platform, account: str, *, patience: float) -> Wiped:
    """Remove everything that an account has but its keys.

    Waits ``patience`` seconds at most for the controller to end what runs; it does so later where it is away.
    """
    with platform.database.write() as session:
        said = [forget(session, account) for forget in (_forget_tags, _forget_resources, *_forgets)]
        number = revisions.count_up(session, SWEEPS_ASKED)
    forgotten = [each for each in said if each is not None]
    settled = _wait_until_done(platform, number, patience)
    for files in (each.files for each in forgotten):
        for file in files:
            (platform.settings.folder / file).unlink(missing_ok=True)
    return Wiped({each.noun: each.count for each in forgotten}, settled)


def _forget_tags(session: Session, account: str) -> Forgotten:
    removed = session.execute(sa.delete(TagRow).where(TagRow.arn.like(f"arn:%:%:%:{account}:%")))
    return Forgotten("tags", removed.rowcount)  # type: ignore[attr-defined]


def _forget_resources(session: Session, account: str) -> Forgotten:
    """History, metrics and instances go with their resource."""
    removed = session.execute(sa.delete(ResourceRow).where(ResourceRow.account == account))
    return Forgotten("resources", removed.rowcount)  # type: ignore[attr-defined]


def _wait_until_done(platform: Platform, number: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        with platform.database.read() as session:
            if revisions.read(session, SWEEPS_DONE) >= number:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
