"""Schemathesis takes the description at its word: no fault of the platform, no answer outside its schema."""

import subprocess
import sys
from pathlib import Path

import requests

from support.rest import make_token
from support.running import clean_environment, running_platform

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 3
SECONDS = 240


def test_generated_requests_find_no_fault(tmp_path: Path) -> None:
    with running_platform(tmp_path / "platform", "--runtime", "process") as platform:
        description = f"{platform.url}/api/v1/openapi.json"
        # It is made when it is first asked for, and Schemathesis waits for 10 s only.
        requests.get(description, timeout=SECONDS).raise_for_status()
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "--no-color",
            f"--config-file={CONFIGURATION}",
            "run",
            description,
            f"--header=Authorization: Bearer {make_token(platform)}",
            f"--max-examples={EXAMPLES}",
        ]
        found = subprocess.run(
            command,
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert found.returncode == 0, found.stdout + found.stderr
