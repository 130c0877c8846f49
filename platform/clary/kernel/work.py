"""A resource in the hands of a step: what may be read and written while the lease holds."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import documents, repository
from clary.kernel.errors import IllegalTransition
from clary.kernel.leases import Lease
from clary.kernel.platform import Platform
from clary.kernel.scope import Scope
from clary.kernel.states import States
from clary.store.tables import ResourceRow


@dataclass(frozen=True, slots=True)
class Again:
    """Look at the resource again after so many seconds."""

    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until someone wakes the resource."""


Outcome = Again | Rest


class Work:
    """One leased resource. Writes raise ``LeaseLost`` or ``IllegalTransition`` once the world moved on."""

    def __init__(self, platform: Platform, lease: Lease, states: States, halt: threading.Event) -> None:
        self.platform = platform
        self._halt = halt
        self.row = lease.row
        self.token = lease.token
        self._states = states

    @property
    def scope(self) -> Scope:
        """Account and region of the resource."""
        return Scope(self.row.account, self.row.region)

    @property
    def spec(self) -> dict[str, Any]:
        """The validated request, as it came."""
        spec: dict[str, Any] = documents.thaw(self.row.spec)
        return spec

    @property
    def state(self) -> dict[str, Any]:
        """What was observed so far."""
        return self.row.state

    def transition(
        self,
        to: str,
        *,
        secondary: str | None = None,
        message: str | None = None,
        failure_reason: str | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the status and its history in one transaction, guarded by table and lease."""
        with self.platform.database.write() as session:
            self.row = repository.transition(
                session,
                self.row.id,
                self._states,
                to,
                secondary=secondary,
                message=message,
                failure_reason=failure_reason,
                state=state,
                lease=self.token,
            )

    def enter(self, secondary: str, message: str, *, state: Mapping[str, Any] | None = None) -> None:
        """Record a new secondary status inside the present status."""
        self.transition(self.row.status, secondary=secondary, message=message, state=state)

    def update(self, **state: Any) -> None:
        """Merge into the state; :class:`IllegalTransition` where others changed the status meanwhile."""
        with self.platform.database.write() as session:
            row = repository.update(session, self.row.id, state=state, lease=self.token)
            if row.status != self.row.status:
                raise IllegalTransition(f"{row.kind} {row.name} became {row.status} meanwhile")
        self.row = row

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction for what other tables hold of the resource; guarded by the lease."""
        with self.platform.database.write() as session:
            repository.lock(session, self.row.id, self.token)
            yield session

    def delete(self) -> None:
        """Remove the resource."""
        with self.platform.database.write() as session:
            repository.delete(session, self.row)

    @property
    def halted(self) -> bool:
        """Whether this process is shutting down: a long step should return soon, to be taken up elsewhere."""
        return self._halt.is_set()

    def current_status(self) -> str | None:
        """The status in the database now: a stop may have been asked since the claim.

        None where the resource is gone, or another worker has it.
        """
        with self.platform.database.read() as session:
            # By its uid: on SQLite, the number of a row that is gone may be given to another.
            return session.scalar(
                sa.select(ResourceRow.status).where(
                    ResourceRow.uid == self.row.uid, ResourceRow.lock_token == self.token
                )
            )
