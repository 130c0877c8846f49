"""How a container ends when it is asked to: at once, cleanly, with what it has saved so far."""

import os
import signal
import sys
import threading
from collections.abc import Callable

_cleanups: list[Callable[[], None]] = []


def exit_on_sigterm() -> None:
    """End the process with status 0 on SIGTERM, whatever it is doing.

    A thread waits for the signal, since a handler would run only when a library's native call returns, which
    may be long after the grace time. Call it before a library starts threads, as they inherit the blocking.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_wait, name="sigterm", daemon=True).start()


def before_exit(cleanup: Callable[[], None]) -> None:
    """Run ``cleanup`` before a SIGTERM ends the process; it must be quick, and safe at any moment."""
    _cleanups.append(cleanup)


def _wait() -> None:
    signal.sigwait({signal.SIGTERM})
    try:
        for cleanup in _cleanups:
            cleanup()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)
