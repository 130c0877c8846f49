"""Rows of serving instances, and the routing revision that tells gateways to look again."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import clock, ids, revisions
from clary.kernel.wiping import forgets
from clary.store.tables import InstanceRow, ResourceRow

ROUTES = "routes"


def load(session: Session, endpoint_id: int) -> Sequence[InstanceRow]:
    """All instances of an endpoint, oldest first."""
    return session.scalars(
        sa.select(InstanceRow).where(InstanceRow.endpoint_id == endpoint_id).order_by(InstanceRow.created_at)
    ).all()


def add(session: Session, endpoint: ResourceRow, *, generation: int, variant: str) -> InstanceRow:
    """A new instance, not started yet."""
    now = clock.now()
    instance_id = f"i-{ids.new_uid(17)}"
    row = InstanceRow(
        id=instance_id,
        endpoint_id=endpoint.id,
        generation=generation,
        variant=variant,
        state="Pending",
        container=f"clary-{endpoint.uid}-{instance_id}",
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    return row


def change(session: Session, row: InstanceRow, **values: Any) -> None:
    """Write an instance's state or address, here and in the row at hand; routers are told."""
    values["changed_at"] = clock.now()
    session.execute(sa.update(InstanceRow).where(InstanceRow.id == row.id).values(**values))
    announce(session)
    for name, value in values.items():
        setattr(row, name, value)


def drop(session: Session, rows: Sequence[InstanceRow]) -> None:
    """Forget instances whose containers are gone."""
    session.execute(sa.delete(InstanceRow).where(InstanceRow.id.in_([row.id for row in rows])))
    announce(session)


def announce(session: Session) -> None:
    """Count the routes' revision up: routers that see it read the routes anew."""
    revisions.count_up(session, ROUTES)


@forgets
def forget_routes(session: Session, _account: str) -> None:
    """Instances go with their endpoint: routers are told."""
    announce(session)
