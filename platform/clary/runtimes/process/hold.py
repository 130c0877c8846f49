"""Keeps a network namespace alive for a group of isolated processes. Standard library alone."""

import contextlib
import json
import os
import signal
from pathlib import Path

from clary.runtimes.process.enter import raise_loopback
from clary.runtimes.process.identity import identify


def main(arguments: list[str]) -> int:
    """Bring up the loopback interface, tell who holds it in the file ``arguments[0]``, wait to be killed.

    Inherited are ``arguments[1]``, a pipe that is told too, and ``arguments[2]``, the network's lock. It is
    kept until the file is there: a holder whose starter was killed is found, and no other is started.
    """
    path, ready, lock = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    raise_loopback()
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"pid": os.getpid(), "identity": identify(os.getpid())}))
    draft.replace(path)
    with contextlib.suppress(BrokenPipeError):
        os.write(ready, b"1")
    os.close(ready)
    os.close(lock)
    while True:
        signal.pause()
