"""Keeps a network namespace alive for a group of isolated processes. Standard library alone."""

import os
import signal

from clary.runtimes.process.enter import raise_loopback


def main(arguments: list[str]) -> int:
    """Bring up the loopback interface, say so on the inherited pipe ``arguments[0]``, wait to be killed."""
    raise_loopback()
    os.write(int(arguments[0]), b"1")
    os.close(int(arguments[0]))
    while True:
        signal.pause()
