"""Rows of any kind: create, find, change under guard, delete."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, make_transient_to_detached

from clary.kernel import clock, ids, tags
from clary.kernel.errors import ClaryError, IllegalTransition, LeaseLost
from clary.kernel.scope import Scope
from clary.kernel.states import States
from clary.store.tables import ResourceRow, TransitionRow, table_of

# Most requests run these statements: made once, they cost a third less.
_BY_NAME = sa.select(ResourceRow).where(
    ResourceRow.account == sa.bindparam("account"),
    ResourceRow.region == sa.bindparam("region"),
    ResourceRow.kind == sa.bindparam("kind"),
    ResourceRow.name == sa.bindparam("name"),
)
# Plain INSERTs cost a third of what the unit of work does.
_INSERT_RESOURCE = sa.insert(table_of(ResourceRow))
_INSERT_TRANSITION = sa.insert(table_of(TransitionRow))


class NameTaken(ClaryError):
    """A resource of that kind and name exists; ``arn`` is the existing one's."""

    def __init__(self, arn: str) -> None:
        super().__init__(arn)
        self.arn = arn


def create(
    session: Session,
    scope: Scope,
    *,
    kind: str,
    name: str,
    arn: str,
    status: str,
    spec: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
    secondary: str | None = None,
    message: str | None = None,
    parent: str | None = None,
    wake: bool = False,
    traced: bool = True,
) -> ResourceRow:
    """Insert a resource; ``wake`` hands it to the reconciler at once, ``traced`` begins its history.

    Raises :class:`NameTaken` where the name is in use, however close the race.
    """
    now = clock.now()
    values: dict[str, Any] = {
        "uid": ids.new_uid(),
        "account": scope.account,
        "region": scope.region,
        "kind": kind,
        "name": name,
        "arn": arn,
        "parent": parent,
        "status": status,
        "secondary": secondary,
        "failure_reason": None,
        "spec": dict(spec),
        "state": dict(state or {}),
        "created_at": now,
        "modified_at": now,
        "generation": 1,
        "wake_at": now if wake else None,
    }
    try:
        inserted = session.connection().execute(_INSERT_RESOURCE, values)
    except IntegrityError as error:
        raise NameTaken(arn) from error
    key = inserted.inserted_primary_key
    assert key is not None
    row = ResourceRow(**values, id=key[0])
    make_transient_to_detached(row)
    session.add(row)
    if traced:
        _append(session, row, None, message)
    return row


def find(session: Session, scope: Scope, kind: str, name: str) -> ResourceRow | None:
    """The resource of that kind and name, or None."""
    values = {"account": scope.account, "region": scope.region, "kind": kind, "name": name}
    return session.scalar(_BY_NAME, values)


def find_by_arn(session: Session, arn: str) -> ResourceRow | None:
    """The resource of that ARN, or None."""
    return session.scalar(sa.select(ResourceRow).where(ResourceRow.arn == arn).limit(1))


def history(session: Session, row: ResourceRow) -> Sequence[TransitionRow]:
    """Every transition of a resource, oldest first."""
    return session.scalars(
        sa.select(TransitionRow).where(TransitionRow.resource_id == row.id).order_by(TransitionRow.id)
    ).all()


def transition(
    session: Session,
    row_id: int,
    states: States,
    to: str,
    *,
    secondary: str | None = None,
    message: str | None = None,
    failure_reason: str | None = None,
    state: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    lease: str | None = None,
    wake: bool = False,
) -> ResourceRow:
    """Write a status, the only way there is: guarded by the table and by the lease, with its history row.

    ``state`` and ``spec`` are merged over what is stored. Moving to the same status records a new secondary
    status or message. Raises :class:`IllegalTransition` or :class:`LeaseLost` and changes nothing then.
    """
    row = lock(session, row_id, lease)
    if not states.allows(row.status, to):
        raise IllegalTransition(f"{row.kind} {row.name}: {row.status} may not become {to}")
    source, row.status = row.status, to
    row.modified_at = clock.now()
    if failure_reason is not None:
        row.failure_reason = failure_reason
    _merge(row, state, spec)
    if wake:
        row.wake_at = clock.now()
    if source != to or secondary is not None:
        row.secondary = secondary or row.secondary
        _append(session, row, source, message)
    return row


def update(
    session: Session,
    row_id: int,
    *,
    state: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    lease: str | None = None,
    wake: bool = False,
) -> ResourceRow:
    """Merge into a resource's state or spec without touching its status."""
    row = lock(session, row_id, lease)
    row.modified_at = clock.now()
    _merge(row, state, spec)
    if wake:
        row.wake_at = clock.now()
    return row


def delete(session: Session, row: ResourceRow) -> None:
    """Remove a resource, its tags and (by cascade) its history and metrics."""
    tags.remove_tags(session, row.arn)
    session.execute(sa.delete(ResourceRow).where(ResourceRow.id == row.id))


def lock(session: Session, row_id: int, lease: str | None) -> ResourceRow:
    """Keep others from changing a resource in this transaction; :class:`LeaseLost` where it is another's."""
    row = session.scalar(
        sa.select(ResourceRow)
        .where(ResourceRow.id == row_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or (lease is not None and row.lock_token != lease):
        raise LeaseLost(f"resource {row_id} belongs to another worker")
    return row


def _merge(row: ResourceRow, state: Mapping[str, Any] | None, spec: Mapping[str, Any] | None) -> None:
    if state:
        row.state = row.state | dict(state)
    if spec:
        row.spec = row.spec | dict(spec)


def _append(session: Session, row: ResourceRow, source: str | None, message: str | None) -> None:
    session.flush()
    session.connection().execute(
        _INSERT_TRANSITION,
        {
            "resource_id": row.id,
            "at": row.modified_at,
            "from_status": source,
            "to_status": row.status,
            "secondary": row.secondary,
            "message": message,
        },
    )
