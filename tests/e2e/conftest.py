"""Users of the platforms that end-to-end tests share."""

import pytest

from support.jobs import Jobs
from support.running import RunningPlatform


@pytest.fixture(scope="session")
def jobs(platform_up: RunningPlatform) -> Jobs:
    """Training jobs on the process runtime."""
    return Jobs(platform_up)


@pytest.fixture(scope="session")
def docker_jobs(docker_platform_up: RunningPlatform) -> Jobs:
    """Training jobs on the Docker runtime; their tests are marked ``docker``."""
    return Jobs(docker_platform_up)
