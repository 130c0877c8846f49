"""A second controller beside a platform's own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.running import RunningPlatform, clean_environment


@contextmanager
def second_controller(
    platform: RunningPlatform, log: Path, **variables: str
) -> "Iterator[subprocess.Popen[bytes]]":
    """One more controller on the platform's folder and database."""
    environment = clean_environment(
        CLARY_DATA_DIR=str(platform.data_dir),
        CLARY_PORT=platform.url.rpartition(":")[2],
        CLARY_RUNTIME="process",
        **variables,
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "clary.controllers"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()
