"""A child's ties to its supervisor: it says when it is ready, and it ends when the supervisor is gone."""

import os
import signal
import threading
from contextlib import suppress


def follow(descriptor: int) -> None:
    """End this process by SIGTERM once the other end of the pipe closes, however the supervisor died."""
    threading.Thread(target=_wait_for_end, args=(descriptor,), name="lifeline", daemon=True).start()


def announce_ready(descriptor: int) -> None:
    """Tell the supervisor that this process does its work now."""
    with suppress(BrokenPipeError):
        os.write(descriptor, b"1")
    os.close(descriptor)


def _wait_for_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
