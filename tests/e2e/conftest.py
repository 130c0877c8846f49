"""Users of the platforms that end-to-end tests share."""

from collections.abc import Iterator

import pytest

from support.endpoints import Endpoints
from support.instances import DockerMachine, ProcessMachine
from support.jobs import Jobs
from support.running import RunningPlatform, running_platform


@pytest.fixture(scope="session")
def jobs(platform_up: RunningPlatform) -> Iterator[Jobs]:
    """Training jobs on the process runtime."""
    jobs = Jobs(platform_up)
    yield jobs
    jobs.stop_all()


@pytest.fixture(scope="session")
def docker_jobs(docker_platform_up: RunningPlatform) -> Iterator[Jobs]:
    """Training jobs on the Docker runtime; their tests are marked ``docker``."""
    jobs = Jobs(docker_platform_up, patience=240)  # the first one may build the image
    yield jobs
    jobs.stop_all()


@pytest.fixture(scope="session")
def endpoints(platform_up: RunningPlatform) -> Endpoints:
    """Models and endpoints on the process runtime."""
    return Endpoints(platform_up, ProcessMachine())


@pytest.fixture(scope="session")
def docker_endpoints(docker_platform_up: RunningPlatform) -> Endpoints:
    """Models and endpoints on the Docker runtime; their tests are marked ``docker``."""
    return Endpoints(docker_platform_up, DockerMachine())


@pytest.fixture(
    scope="session", params=["endpoints", pytest.param("docker_endpoints", marks=pytest.mark.docker)]
)
def endpoints_anywhere(request: pytest.FixtureRequest) -> Endpoints:
    """Models and endpoints on each runtime in turn."""
    found: Endpoints = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def silent_deployments(endpoints: Endpoints) -> Iterator[tuple[str, str]]:
    """Two endpoints with a server that answers no ping: one being created with it, one updated to it.

    It takes a minute until that is known: tests that come early start it, tests that come late look at it.
    """
    model = {"ModelName": endpoints.create_toy(start="silent")}
    silent = model | {"ContainerStartupHealthCheckTimeoutInSeconds": 60}
    created = endpoints.create(silent)
    with endpoints.serving_toy("old") as updated:
        config = endpoints.create_config(silent)
        endpoints.sagemaker.update_endpoint(EndpointName=updated, EndpointConfigName=config)
        yield created, updated
    endpoints.delete(created)


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def any_jobs(request: pytest.FixtureRequest) -> Jobs:
    """Training jobs, once on each runtime."""
    jobs: Jobs = request.getfixturevalue("jobs" if request.param == "process" else "docker_jobs")
    return jobs


@pytest.fixture(scope="session")
def impatient_jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """Training jobs on a platform that runs two at once, kills after a second, and may itself be killed."""
    settings = {"CLARY_STOP_GRACE_SECONDS": "1", "CLARY_MAX_RUNNING_JOBS": "2"}
    folder = tmp_path_factory.mktemp("impatient")
    with running_platform(folder, "--runtime", "process", **settings) as platform:
        jobs = Jobs(platform)
        yield jobs
        jobs.stop_all()
