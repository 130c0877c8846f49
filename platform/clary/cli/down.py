"""``clary down``: ask the supervisor to stop, and wait."""

import os
import signal
import time
from contextlib import suppress
from typing import Annotated

import typer

from clary.cli.located import Found, find_platform
from clary.cli.options import DataDir
from clary.cli.output import fail
from clary.supervisor.lock import is_running

STOP_SECONDS = 120.0


def down(
    *,
    data_dir: DataDir = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = STOP_SECONDS,
) -> None:
    """Stop the platform: requests at hand finish, running containers go on until the next start."""
    found = find_platform(data_dir)
    if found.record is None:
        typer.echo(f"No platform runs on {found.folder}.")
        return
    stop(found, timeout=timeout)
    typer.echo(f"Stopped the platform on {found.folder}.")


def stop(found: Found, *, timeout: float = STOP_SECONDS) -> None:
    """Ask the supervisor to stop and wait for its end; ends the command where that takes too long."""
    if found.record is None:
        return
    supervisor = next(process.pid for process in found.record.processes if process.role == "supervisor")
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while is_running(found.folder):
        if time.monotonic() > deadline:
            fail(f"Still stopping after {timeout:.0f} s (supervisor: process {supervisor}).")
        time.sleep(0.05)
