"""``python -m clary.supervisor.gateway``: one gateway worker, on sockets that the supervisor opened."""

import gc
import logging
import socket

from clary.gateway.app import create_app
from clary.gateway.server import serve
from clary.kernel.platform import Platform
from clary.supervisor.role import Assignment

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until SIGTERM, then finish the requests at hand."""
    assignment = Assignment.accept()
    platform = Platform.open(assignment.settings)
    listeners = [socket.socket(fileno=descriptor) for descriptor in assignment.listeners]
    app = create_app(platform)
    # What start-up made lives as long as the process: collections need not look at it again and again.
    gc.freeze()
    serve(app, listeners, on_ready=assignment.announce_ready)
    platform.database.dispose()
    log.info("stopped")
    assignment.end()


if __name__ == "__main__":
    main()
