"""Looks at the instances of an endpoint: who became healthy, who died, who fell silent."""

import logging

from clary.kernel import clock
from clary.resources.endpoint.faults import VariantFailed, no_ping
from clary.resources.endpoint.fleet import Fleet, Slot
from clary.resources.endpoint.serving import Health
from clary.store.tables import InstanceRow

log = logging.getLogger(__name__)

# A healthy container that stays silent for so long is taken for dead.
SILENCE = 8 * clock.SECOND


def observe(fleet: Fleet) -> None:
    """Bring the instances' states up to date.

    Raises :class:`VariantFailed` where a deployment is lost with one of them.
    """
    watched = {
        row.id: slot
        for row in fleet.rows
        if row.state in {"Starting", "Healthy"} and (slot := fleet.slot_of(row)) is not None
    }
    for row, health in fleet.serving.look_at(row for row in fleet.rows if row.id in watched):
        trouble = _find_trouble(fleet, watched[row.id], row, health)
        if trouble is not None:
            lose(fleet, row, no_ping(row.variant, trouble), runs=health.runs)
        elif row.state == "Starting" and health.address is not None:
            host, port = health.address
            fleet.change(row, state="Healthy", host=host, port=port)


def lose(fleet: Fleet, row: InstanceRow, failure: VariantFailed, *, runs: bool = False) -> None:
    """Take an instance out of service, to be replaced by a later launch; or raise where it decides on a
    deployment. One that is silent but ``runs`` drains first: requests may still be under way there."""
    if fleet.is_on_trial(row):
        raise failure
    log.warning("endpoint %s: instance %s of %s: %s", fleet.work.row.name, row.id, row.variant, failure)
    fleet.silent_since.pop(row.id, None)
    if runs and row.state == "Healthy":
        fleet.change(row, state="Draining")
        return
    if row.host is not None:
        fleet.change(row, host=None, port=None)  # no more requests; its port may soon be another's
    fleet.serving.remove([row], grace=0)
    fleet.change(row, state="Dead")


def _find_trouble(fleet: Fleet, slot: Slot, row: InstanceRow, health: Health) -> str | None:
    if not health.runs:
        return _describe_end(health)
    if health.address is not None:
        fleet.silent_since.pop(row.id, None)
        return None
    if row.state == "Starting":
        seconds = slot.variant["startup_seconds"]
        waited = clock.now() - row.changed_at > seconds * clock.SECOND
        return f"no answer to /ping within {seconds} seconds" if waited else None
    since = fleet.silent_since.setdefault(row.id, clock.now())
    return "it no longer answers /ping" if clock.now() - since > SILENCE else None


def _describe_end(health: Health) -> str:
    container = health.container
    if container.out_of_memory:
        return "the container ran out of memory"
    if container.exit_code is None:
        return "the container is gone"
    return f"the container exited with code {container.exit_code}"
