"""Scripts of users of the SageMaker SDK v2."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.flow_scripts import FlowScript
from support.running import RunningPlatform

Run = Callable[..., FlowScript]


@pytest.fixture(scope="session")
def run_script() -> Run:
    """``run_script(platform, "training", *arguments)`` runs a script of ``flows``."""

    def run(platform: RunningPlatform, name: str, *arguments: str) -> FlowScript:
        script = Path(__file__).parent / "flows" / f"{name}.py"
        return FlowScript(platform, "sdk_v2", script, *arguments)

    return run
