"""The controller process: the reconciler over every registered step."""

import logging
import shutil
import threading

import sqlalchemy as sa

from clary.aws.operations import discover
from clary.controllers.exits import watch_exits
from clary.kernel.platform import Platform
from clary.kernel.reconciler import Reconciler
from clary.resources.reconciled import LaneName, lanes
from clary.runtimes.protocol import Runtime
from clary.runtimes.select import open_runtime
from clary.store.tables import ResourceRow

log = logging.getLogger(__name__)

SERVICE_SLOTS = 8


def run(platform: Platform, stop: threading.Event) -> None:
    """Reconcile until told to stop. Containers keep running: the next controller adopts them."""
    discover(("clary.resources",))
    runtime = open_runtime(platform.settings)
    _remove_orphans(platform, runtime)
    slots = {LaneName.JOBS: platform.settings.max_running_jobs, LaneName.SERVICES: SERVICE_SLOTS}
    watch = threading.Thread(target=watch_exits, args=(platform, runtime, stop), name="exits")
    watch.start()
    try:
        Reconciler(platform, lanes(runtime, slots)).run(stop)
    finally:
        stop.set()
        watch.join()


def _remove_orphans(platform: Platform, runtime: Runtime) -> None:
    # A crash between the end of a resource and the end of what it held leaves some behind.
    with platform.database.read() as session:
        known = set(session.scalars(sa.select(ResourceRow.uid).where(ResourceRow.wake_at.is_not(None))))
    for container in runtime.list({}):
        uid = container.labels.get("clary.uid")
        if uid is not None and uid not in known:
            log.info("removing container %s: its resource is gone", container.name)
            runtime.remove(container.name)
    for folder in (platform.settings.folder / "jobs").glob("*"):
        if folder.name not in known:
            log.info("removing %s: its job is gone", folder)
            shutil.rmtree(folder, ignore_errors=True)
