"""Lets instances go that an endpoint no longer needs: out of the routes first, then drained, then stopped."""

from collections.abc import Sequence

from clary.kernel import clock
from clary.resources.endpoint import instances
from clary.resources.endpoint.fleet import ALIVE, RESTART_MEMORY, Fleet
from clary.store.tables import InstanceRow

GRACE_SECONDS = 30.0
# Gateways learn of a change within a fraction of a second. Clary's own server finishes accepted requests when
# it is told to stop; of other containers nothing is known: they stay for as long as a request may take.
DRAIN_OWN = 2 * clock.SECOND
DRAIN_OTHERS = 62 * clock.SECOND


def retire(fleet: Fleet) -> None:
    """Take surplus instances out of the routes, and remove those that have drained."""
    surplus = _find_surplus(fleet)
    if surplus:
        with fleet.work.write() as session:
            for row in surplus:
                instances.change(session, row, state="Draining")
    now = clock.now()
    over = [row for row in fleet.rows if _is_over(fleet, row, now)]
    if over:
        remove(fleet, over)
        used = {row.generation for row in fleet.rows} | {slot.generation for slot in fleet.slots.values()}
        fleet.serving.artifacts.keep_only(used)


def remove(fleet: Fleet, rows: Sequence[InstanceRow]) -> bool:
    """Stop containers and forget their instances; False where some could not be stopped now."""
    gone = fleet.serving.remove(rows, grace=GRACE_SECONDS)
    if gone:
        with fleet.work.write() as session:
            instances.drop(session, gone)
        fleet.rows = [row for row in fleet.rows if row not in gone]
    return len(gone) == len(rows)


def drained_at(fleet: Fleet, row: InstanceRow) -> int:
    """When no request can be under way at a draining instance any more."""
    if row.generation > fleet.routed_generation:  # it never took any
        return row.changed_at
    is_own = row.generation in fleet.work.state["own_generations"]
    return row.changed_at + (DRAIN_OWN if is_own else DRAIN_OTHERS)


def _is_over(fleet: Fleet, row: InstanceRow, now: int) -> bool:
    if row.state == "Draining":
        return drained_at(fleet, row) <= now
    return row.state == "Dead" and row.changed_at + RESTART_MEMORY < now


def _find_surplus(fleet: Fleet) -> list[InstanceRow]:
    kept = {row.id for slot in fleet.slots.values() for row in fleet.alive(slot)[: slot.count]}
    return [row for row in fleet.rows if row.state in ALIVE and row.id not in kept]
