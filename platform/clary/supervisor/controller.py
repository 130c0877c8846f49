"""``python -m clary.supervisor.controller``: the process that moves jobs and endpoints."""

import logging
import signal
import threading

from clary.controllers.main import run
from clary.kernel.platform import Platform
from clary.supervisor.role import Assignment

log = logging.getLogger(__name__)


def main() -> None:
    """Work until SIGTERM, then finish the steps at hand; containers go on and are adopted next time."""
    assignment = Assignment.accept()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    platform = Platform.open(assignment.settings)
    assignment.announce_ready()
    run(platform, stop)
    platform.database.dispose()
    log.info("stopped")
    assignment.end()


if __name__ == "__main__":
    main()
