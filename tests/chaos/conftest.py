"""Platforms whose processes are killed at the boundaries between their steps."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.killing import Killings
from support.patience import PatientPlatform, be_patient
from support.running import RunningPlatform, running_platform


@dataclass(frozen=True, slots=True)
class Prey:
    """A platform whose processes may be killed: as it is, and as patient users see it."""

    platform: RunningPlatform
    patient: PatientPlatform
    killings: Killings
    database_url: str


Start = Callable[..., Prey]


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Starts a platform that ends with the test: ``start(*options, runtime="process", **variables)``."""
    killings = Killings(tmp_path / "chaos")
    with ExitStack() as stack:

        def start(*options: str, runtime: str = "process", **more: str) -> Prey:
            variables = {"CLARY_DATABASE_URL": database_url, **killings.variables, **more}
            running = running_platform(tmp_path / "data", "--runtime", runtime, *options, **variables)
            platform = stack.enter_context(running)
            return Prey(platform, be_patient(platform), killings, database_url)

        yield start
