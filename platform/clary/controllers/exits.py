"""Notices serving containers that ended, so that their endpoints look at once and not at their next visit."""

import logging
import threading

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from clary.kernel import clock
from clary.kernel.errors import JobError
from clary.kernel.platform import Platform
from clary.runtimes.protocol import Phase, Runtime
from clary.store.tables import InstanceRow, ResourceRow

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
RETRY_SECONDS = 2.0


def watch_exits(platform: Platform, runtime: Runtime, stop: threading.Event) -> None:
    """Look until ``stop``; writes only when a container is found dead."""
    trouble = ""
    while not stop.wait(RETRY_SECONDS if trouble else LOOK_SECONDS):
        try:
            wake_bereft(platform, runtime)
            trouble = ""
        except (SQLAlchemyError, JobError) as error:
            if not trouble:
                log.warning("serving containers can't be looked at; trying again: %s", error)
            trouble = str(error)


def wake_bereft(platform: Platform, runtime: Runtime) -> None:
    """Wake every endpoint of which a healthy instance's container does not run."""
    with platform.database.read() as session:
        healthy = session.execute(
            sa.select(InstanceRow.container, InstanceRow.endpoint_id).where(InstanceRow.state == "Healthy")
        ).all()
    if not healthy:
        return
    listed = runtime.list({"clary.kind": "Endpoint"})
    running = {container.name for container in listed if container.phase is Phase.RUNNING}
    bereft = {endpoint_id for container, endpoint_id in healthy if container not in running}
    if bereft:
        with platform.database.write() as session:
            session.execute(
                sa.update(ResourceRow).where(ResourceRow.id.in_(bereft)).values(wake_at=clock.now())
            )
