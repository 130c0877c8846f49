"""What ``clary run`` adds to a command that does nothing, and to one that asks AWS at its own name."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from kit.results import AtMost, Comparison, Finding, Report
from kit.servers import CLARY, Platform, clean_environment, running_platform, temporary_folder

REPETITIONS = 11
NOTHING = [sys.executable, "-c", "pass"]
ASK = [sys.executable, "-c", "import boto3; boto3.client('sts').get_caller_identity()"]


def measure() -> Report:
    """Each command by itself and under ``clary run``, in turns."""
    report = Report("Commands under clary run", "the same without it")
    with temporary_folder() as folder, running_platform(folder, "--runtime", "process") as platform:
        under = clean_environment() | {"CLARY_DATA_DIR": str(folder)}
        # The first of all makes certificates.
        _time([*CLARY, "run", *NOTHING], under)
        report.findings = [
            _compare("python -c pass", [*CLARY, "run", *NOTHING], under, NOTHING, clean_environment()),
            _compare(
                "a call to STS at its own name",
                [*CLARY, "run", "env", "--unset", "AWS_ENDPOINT_URL", *ASK],
                under,
                ASK,
                _pointed_at(platform),
            ),
        ]
    return report


def _compare(
    name: str, ours: Sequence[str], under: Mapping[str, str], peer: Sequence[str], alone: Mapping[str, str]
) -> Finding:
    pairs = [(_time(ours, under), _time(peer, alone)) for _ in range(REPETITIONS)]
    return Finding(
        name=name,
        unit="s",
        ours=[pair[0] for pair in pairs],
        peer=[pair[1] for pair in pairs],
        compare=Comparison.DIFFERENCE,
        rule=AtMost(1.0),
    )


def _time(command: Sequence[str], environment: Mapping[str, str]) -> float:
    started = time.perf_counter()
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {ran.stderr}")
    return took


def _pointed_at(platform: Platform) -> dict[str, str]:
    return clean_environment() | {
        "AWS_ENDPOINT_URL": platform.url,
        "AWS_ACCESS_KEY_ID": platform.access_key_id,
        "AWS_SECRET_ACCESS_KEY": platform.secret_access_key,
        "AWS_DEFAULT_REGION": platform.region,
    }
