"""Run the controller: ``python -m clary.controllers``."""

import signal
import threading

from clary import settings
from clary.controllers.main import run
from clary.kernel.platform import Platform


def main() -> None:
    """Until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(Platform.open(settings.load()), stop)


if __name__ == "__main__":
    main()
