"""Removes what resources leave behind that are gone: containers, what these shared, folders."""

import logging
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from clary.kernel import revisions
from clary.kernel.errors import JobError
from clary.kernel.platform import Platform
from clary.kernel.wiping import SWEEPS_ASKED, SWEEPS_DONE
from clary.runtimes.protocol import Listed, Runtime
from clary.store.tables import ResourceRow

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
STEP_SECONDS = 0.05
RETRY_SECONDS = 2.0
AT_ONCE = 16


def remove_remains(platform: Platform, runtime: Runtime) -> None:
    """Remove containers and folders whose resource is gone, or has come to rest."""
    # Looked for first: what is made after that for a new resource is not among them.
    containers = [container for container in runtime.list({}) if "clary.uid" in container.labels]
    folders = [
        folder for name in ("jobs", "endpoints") for folder in (platform.settings.folder / name).glob("*")
    ]
    with platform.database.read() as session:
        known = set(session.scalars(sa.select(ResourceRow.uid).where(ResourceRow.wake_at.is_not(None))))
    orphans = [container for container in containers if container.labels["clary.uid"] not in known]
    if orphans:
        with ThreadPoolExecutor(min(len(orphans), AT_ONCE)) as pool:
            list(pool.map(lambda container: _remove(runtime, container), orphans))
    for folder in folders:
        if folder.name not in known:
            log.info("removing %s: its resource is gone", folder)
            shutil.rmtree(folder, ignore_errors=True)


def _remove(runtime: Runtime, container: Listed) -> None:
    log.info("removing container %s: its resource is gone", container.name)
    runtime.remove(container.name)
    # The hosts of a job share a group; an instance of an endpoint is one by itself.
    for group in (f"clary-{container.labels['clary.uid']}", container.name):
        runtime.remove_group(group)


def watch_sweeps(
    platform: Platform, runtime: Runtime, held: Callable[[], set[str]], stop: threading.Event
) -> None:
    """Sweep whenever it is asked for, until ``stop``: done is a sweep when nothing runs for gone resources.

    ``held`` tells the resources whose steps run in this process: one that was at work when its resource went
    may still start a container, so it is waited for.
    """
    pause = LOOK_SECONDS
    while not stop.wait(pause):
        try:
            _answer(platform, runtime, held, stop)
            pause = LOOK_SECONDS
        except (SQLAlchemyError, JobError, OSError) as error:
            if pause == LOOK_SECONDS:
                log.warning("what gone resources left can't be removed now; trying again: %s", error)
            pause = RETRY_SECONDS


def _answer(
    platform: Platform, runtime: Runtime, held: Callable[[], set[str]], stop: threading.Event
) -> None:
    with platform.database.read() as session:
        asked, done = revisions.read(session, SWEEPS_ASKED), revisions.read(session, SWEEPS_DONE)
    if asked == done:
        return
    # Known before the first look: a step may start a container behind its back, and end before it does.
    steps = _find_gone(platform, held())
    remove_remains(platform, runtime)
    while steps & held():
        if stop.wait(STEP_SECONDS):
            return
    if steps:
        remove_remains(platform, runtime)
    with platform.database.write() as session:
        revisions.reach(session, SWEEPS_DONE, asked)


def _find_gone(platform: Platform, uids: set[str]) -> set[str]:
    if not uids:
        return set()
    with platform.database.read() as session:
        return uids - set(session.scalars(sa.select(ResourceRow.uid).where(ResourceRow.uid.in_(uids))))
