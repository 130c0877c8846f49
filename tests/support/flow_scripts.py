"""Scripts of users of an SDK, run by the client's own Python under ``clary run``."""

import json
import subprocess
from pathlib import Path
from typing import Any

from support.clients import client_python
from support.running import CLARY, RunningPlatform, clean_environment

SECONDS = 280
# SDK v3 draws boxes around what it says: its lines must not be broken.
WIDE = {"COLUMNS": "300", "PYTHONUTF8": "1"}


class FlowScript:
    """A script that was run to its end; ``script["flow"]`` is what that flow of it found.

    A script prints a line ``{"flow": name, "result": …}`` for each flow that came to its end.
    """

    def __init__(
        self, platform: RunningPlatform, environment: str, script: Path, *arguments: str | Path
    ) -> None:
        done = subprocess.run(
            [*CLARY, "run", client_python(environment), script, *arguments],
            env=clean_environment(CLARY_DATA_DIR=str(platform.data_dir), **WIDE),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.platform = platform
        self.output = done.stdout
        self.errors = done.stderr
        self._results = dict(_read_result(line) for line in done.stdout.splitlines() if _is_result(line))

    def __getitem__(self, flow: str) -> Any:
        assert flow in self._results, f"{flow} did not come to its end\n{self.errors}\n{self.output[-3000:]}"
        return self._results[flow]


def _is_result(line: str) -> bool:
    return line.startswith('{"flow": ')


def _read_result(line: str) -> tuple[str, Any]:
    found = json.loads(line)
    return found["flow"], found["result"]
