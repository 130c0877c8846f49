"""How long ``Estimator.fit(logs="All")`` of the SageMaker SDK v2 takes for a job of one second."""

import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

from kit.results import AtMost, Comparison, Finding, Report, Skipped
from kit.servers import CLARY, clean_environment, running_platform, temporary_folder

REPETITIONS = 5
# The SDK looks at a job 5 seconds after its start, and from then on every 30.
LIMIT = 8.0
ENVIRONMENT = Path(__file__).parents[1] / ".venv" / "clients" / "sdk_v2"


def measure() -> Report:
    """Fits one after the other on the process runtime, from the call until it returns."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise Skipped("the SageMaker SDK v2 is not installed: make clients")
    with temporary_folder() as folder, running_platform(folder / "data", "--runtime", "process"):
        fits = _fit(python, folder / "data")
    report = Report(f"SageMaker SDK v2 ({_version()}): a job of one second", "no peer")
    report.findings.append(
        Finding(
            name='Estimator.fit(logs="All"), process runtime',
            unit="s",
            ours=fits,
            compare=Comparison.VALUE,
            rule=AtMost(LIMIT),
        )
    )
    return report


def _fit(python: Path, data_dir: Path) -> list[float]:
    script = Path(__file__).with_name("estimator_fit.py")
    ran = subprocess.run(
        [*CLARY, "run", python, script, str(REPETITIONS)],
        env=clean_environment() | {"CLARY_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{script.name} failed: {ran.stderr}")
    # A fit that missed the job's log would prove nothing.
    if ran.stdout.count("for one second") != REPETITIONS:
        raise RuntimeError(f"a fit did not show the log of its job: {ran.stdout}")
    return [float(seconds) for seconds in re.findall(r"^took (\S+)$", ran.stdout, re.MULTILINE)]


def _version() -> str:
    paths = [str(path) for path in ENVIRONMENT.glob("lib/python*/site-packages")]
    return next(iter(distributions(name="sagemaker", path=paths))).version
