"""Leases: a worker owns a resource for a while, renews, lets go; a dead worker's leases end by themselves."""

import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from clary.kernel import clock, ids
from clary.store import Database
from clary.store.tables import ResourceRow

DURATION = 30 * clock.SECOND

# Only what wants work is ever leased; said to the database, an index finds those few among a million rows.
_LEASABLE = ResourceRow.wake_at.is_not(None)
_NOW = sa.bindparam("now", type_=ResourceRow.wake_at.type)
_DUE = (
    sa.select(ResourceRow.id)
    .where(
        ResourceRow.wake_at <= _NOW,
        ResourceRow.kind.in_(sa.bindparam("kinds", expanding=True)),
        sa.or_(ResourceRow.lock_expires_at.is_(None), ResourceRow.lock_expires_at <= _NOW),
    )
    .order_by(ResourceRow.wake_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True)


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed resource as it was then. ``woken_at`` tells whether someone asked for another look since."""

    row: ResourceRow
    token: str
    woken_at: int


def this_owner() -> str:
    """Names this process so that another on the same machine can tell whether it still lives."""
    return f"{socket.gethostname()}/{os.getpid()}/{_start_ticks(os.getpid())}"


def claim(database: Database, kinds: Collection[str], *, owner: str, limit: int) -> list[Lease]:
    """Take up to ``limit`` due resources that nobody holds, longest waiting first."""
    # Asked many times a second, mostly in vain: a bare connection costs a fraction of a session.
    with database.engine.connect() as connection:
        if connection.scalar(_DUE, _parameters(kinds, limit=1)) is None:
            return []
    leases = []
    with database.write() as session:
        ids_due = session.scalars(_DUE_LOCKED, _parameters(kinds, limit=limit)).all()
        for row in session.scalars(sa.select(ResourceRow).where(ResourceRow.id.in_(ids_due))):
            row.lock_token = ids.new_uid()
            row.lock_owner = owner
            row.lock_expires_at = clock.now() + DURATION
            leases.append(Lease(row, row.lock_token, row.wake_at or 0))
    return leases


def renew(database: Database, tokens: Collection[str]) -> None:
    """Push the end of the leases away from now."""
    if tokens:
        with database.write() as session:
            session.execute(
                sa.update(ResourceRow)
                .where(_LEASABLE, ResourceRow.lock_token.in_(list(tokens)))
                .values(lock_expires_at=clock.now() + DURATION)
            )


def release(database: Database, lease: Lease, *, wake_at: int | None) -> None:
    """Let go. The resource is looked at again at ``wake_at``, or at once where it was woken meanwhile."""
    with database.write() as session:
        session.execute(
            sa.update(ResourceRow)
            .where(ResourceRow.id == lease.row.id, ResourceRow.lock_token == lease.token)
            .values(
                lock_token=None,
                lock_owner=None,
                lock_expires_at=None,
                wake_at=sa.case((ResourceRow.wake_at > lease.woken_at, ResourceRow.wake_at), else_=wake_at),
            )
        )


def release_dead(database: Database) -> Sequence[str]:
    """End the leases of processes of this machine that are gone; returns their owners' names."""
    with database.read() as session:
        owners = session.scalars(
            sa.select(ResourceRow.lock_owner).where(_LEASABLE, ResourceRow.lock_owner.is_not(None)).distinct()
        ).all()
    dead = [owner for owner in owners if owner is not None and not _alive(owner)]
    if dead:
        with database.write() as session:
            session.execute(
                sa.update(ResourceRow)
                .where(_LEASABLE, ResourceRow.lock_owner.in_(dead))
                .values(lock_token=None, lock_owner=None, lock_expires_at=None)
            )
    return dead


def _parameters(kinds: Collection[str], *, limit: int) -> dict[str, Any]:
    return {"now": clock.now(), "kinds": list(kinds), "limit": limit}


def _alive(owner: str) -> bool:
    host, pid, ticks = owner.rsplit("/", 2)
    return host != socket.gethostname() or _start_ticks(int(pid)) == ticks


def _start_ticks(pid: int) -> str:
    # Field 22 of /proc/<pid>/stat: a reused pid has another start time.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "gone" if Path("/proc/self").exists() else "unknown"
