"""The step of an endpoint: make the instances what the target says, route to them, retire the others."""

import time

from clary.kernel import clock, repository
from clary.kernel.work import Again, Outcome, Rest, Work
from clary.resources.endpoint import instances
from clary.resources.endpoint.declaration import ENDPOINT, STATES
from clary.resources.endpoint.faults import VariantFailed
from clary.resources.endpoint.fleet import Fleet
from clary.resources.endpoint.launching import launch
from clary.resources.endpoint.observation import observe
from clary.resources.endpoint.retiring import drained_at, remove, retire
from clary.resources.endpoint.serving import Serving
from clary.resources.reconciled import LaneName, reconcile
from clary.runtimes.protocol import Runtime

LOOK_SECONDS = 0.05
# A step that waits for something lasts so long; then other endpoints get their turn.
STEP_SECONDS = 2.0
# Containers that end are noticed at once (clary.controllers.exits); this is for those that fall silent.
WATCH_SECONDS = 5.0
RETRY_SECONDS = 1.0


@reconcile(ENDPOINT, LaneName.SERVICES)
def step(work: Work, runtime: Runtime) -> Outcome:
    """One visit to an endpoint."""
    fleet = Fleet(work, Serving(work, runtime))
    match work.row.status:
        case "Deleting":
            return _delete(fleet)
        case "Failed":
            return _free(fleet)
    try:
        return _converge(fleet)
    except VariantFailed as failure:
        return _fail(fleet, failure)


def _converge(fleet: Fleet) -> Outcome:
    """Move towards the target: look often while something is about to happen, then say when to come back."""
    until = time.monotonic() + STEP_SECONDS
    while True:
        observe(fleet)
        launch(fleet)
        if fleet.work.row.status == "RollingBack" or fleet.is_ready():
            _publish(fleet)
        retire(fleet)
        pause = _choose_pause(fleet)
        is_over = time.monotonic() > until and not fleet.silent_since
        if pause > LOOK_SECONDS or is_over or _is_interrupted(fleet.work):
            return Again(pause)
        time.sleep(pause)
        fleet.load()


def _is_interrupted(work: Work) -> bool:
    return work.halted or work.current_status() != work.row.status


def _choose_pause(fleet: Fleet) -> float:
    """Seconds until there is something to do or to see."""
    if fleet.silent_since or any(row.state in {"Pending", "Starting"} for row in fleet.rows):
        return LOOK_SECONDS
    due = [drained_at(fleet, row) for row in fleet.rows if row.state == "Draining"]
    due += [fleet.restart_at(slot) for slot in fleet.slots.values() if len(fleet.alive(slot)) < slot.count]
    seconds = (min(due) - clock.now()) / clock.SECOND if due else WATCH_SECONDS
    return min(max(seconds, LOOK_SECONDS), WATCH_SECONDS)


def _publish(fleet: Fleet) -> None:
    """Send traffic to the target, if it doesn't go there already."""
    work, target = fleet.work, fleet.target
    routing = {
        "generation": target["generation"],
        "config": target["config"],
        "variants": {variant["name"]: {"weight": variant["weight"]} for variant in target["variants"]},
    }
    if work.row.status == "InService" and work.state.get("routing") == routing:
        return
    with work.platform.database.write() as session:
        work.row = repository.transition(
            session, work.row.id, STATES, "InService", state={"routing": routing}, lease=work.token
        )
        instances.announce(session)


def _fail(fleet: Fleet, failure: VariantFailed) -> Outcome:
    """Creation ends as Failed; a failed update goes back to what served before, which never stopped."""
    work = fleet.work
    if work.row.status == "Creating":
        work.transition("Failed", failure_reason=failure.reason)
        return _free(fleet)
    work.transition("RollingBack", failure_reason=failure.reason, state={"target": work.state["previous"]})
    return Again()


def _delete(fleet: Fleet) -> Outcome:
    """Free everything, then forget the endpoint."""
    outcome = _free(fleet)
    if isinstance(outcome, Rest):
        fleet.work.delete()
    return outcome


def _free(fleet: Fleet) -> Outcome:
    """Leave neither containers nor folders behind; what can't be stopped now is tried again."""
    if not remove(fleet, fleet.rows):
        return Again(RETRY_SECONDS)
    fleet.serving.remove_folders()
    return Rest()
