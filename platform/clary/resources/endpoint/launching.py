"""Starts the instances that an endpoint lacks."""

from clary.kernel import clock
from clary.resources.endpoint import instances
from clary.resources.endpoint.faults import VariantFailed
from clary.resources.endpoint.fleet import Fleet
from clary.resources.endpoint.observation import lose


def launch(fleet: Fleet) -> None:
    """Record missing instances, then start what is recorded.

    Raises :class:`VariantFailed` where a deployment is lost with one of them; an instance of what serves
    already is tried again later.
    """
    _record_missing(fleet)
    for row in fleet.rows:
        slot = fleet.slot_of(row)
        if row.state != "Pending" or slot is None or fleet.work.halted:
            continue
        try:
            fleet.serving.start(row, slot.variant)
        except VariantFailed as failure:
            lose(fleet, row, failure)
        else:
            fleet.change(row, state="Starting")


def _record_missing(fleet: Fleet) -> None:
    now = clock.now()
    missing = [
        (slot, slot.count - len(fleet.alive(slot)))
        for slot in fleet.slots.values()
        if len(fleet.alive(slot)) < slot.count and fleet.restart_at(slot) <= now
    ]
    if not missing:
        return
    with fleet.work.write() as session:
        added = [
            instances.add(session, fleet.work.row, generation=slot.generation, variant=slot.variant["name"])
            for slot, count in missing
            for _ in range(count)
        ]
    fleet.rows += added
