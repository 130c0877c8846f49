"""The controller process: the reconciler over every registered step."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from clary.aws.operations import discover
from clary.controllers.exits import watch_exits
from clary.controllers.remains import remove_remains, watch_sweeps
from clary.kernel.errors import JobError
from clary.kernel.platform import Platform
from clary.kernel.reconciler import Reconciler
from clary.resources.reconciled import LaneName, lanes
from clary.runtimes.protocol import Runtime
from clary.runtimes.select import open_runtime

log = logging.getLogger(__name__)

SERVICE_SLOTS = 8
RETRY_SECONDS = 1.0


def run(platform: Platform, stop: threading.Event) -> None:
    """Reconcile until told to stop. Containers keep running: the next controller adopts them."""
    discover(("clary.resources",))
    runtime = _await_runtime(platform, stop)
    if runtime is None:
        return
    slots = {LaneName.JOBS: platform.settings.max_running_jobs, LaneName.SERVICES: SERVICE_SLOTS}
    reconciler = Reconciler(platform, lanes(runtime, slots))
    watches = [
        threading.Thread(target=watch_exits, args=(platform, runtime, stop), name="exits"),
        threading.Thread(target=watch_sweeps, args=(platform, runtime, reconciler.held, stop), name="sweeps"),
    ]
    for watch in watches:
        watch.start()
    try:
        reconciler.run(stop)
    finally:
        stop.set()
        for watch in watches:
            watch.join()


def _await_runtime(platform: Platform, stop: threading.Event) -> Runtime | None:
    """The runtime, once it and the database answer and remains are removed; None where told to stop."""
    said = ""
    while not stop.is_set():
        try:
            runtime = open_runtime(platform.settings)
            remove_remains(platform, runtime)
        except (JobError, SQLAlchemyError, OSError) as error:
            if said != str(error):
                log.warning("waiting to begin: %s", error)
            said = str(error)
            stop.wait(RETRY_SECONDS)
        else:
            return runtime
    return None
