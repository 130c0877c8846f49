"""Kill -9 of the controller between its calls of the Docker engine."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from support.endpoints import Endpoints, new_name
from support.instances import DockerMachine
from support.jobs import Jobs, statuses
from support.remains import wait_clean
from support.running import RunningPlatform
from support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

ENGINE_CALLS = "after docker"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_training_job_has_each_container_once(start: Callable[..., Any], docker_engine: Any) -> None:
    prey = start(runtime="docker")
    jobs = Jobs(prey.patient, patience=240)  # the first one may build the image

    def train() -> None:
        name = jobs.create("echo begin; sleep 0.2; echo 1 > model/m; echo end", hosts=2)
        described = jobs.finish(name)
        assert jobs.lines(name) == ["begin", "end"] * 2
        assert statuses(described)[-3:] == ["Training", "Uploading", "Completed"]
        assert jobs.model(described) == {"m": "1\n"}
        wait_clean(prey.platform, database_url=prey.database_url)
        wait_for(lambda: not list_owned(docker_engine, prey.platform), what="the end of all containers")

    prey.killings.walk("controller", train, only=ENGINE_CALLS, at_least=5)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_endpoint_has_each_container_once(start: Callable[..., Any], docker_engine: Any) -> None:
    prey = start(runtime="docker")
    endpoints = Endpoints(prey.patient, DockerMachine())
    numbers = count()
    name = new_name("endpoint")
    config = endpoints.create_config({"ModelName": endpoints.create_toy("first")})
    endpoints.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    endpoints.wait_in_service(name, seconds=240)

    def update() -> None:
        toy = f"toy-{next(numbers)}"
        config = endpoints.create_config({"ModelName": endpoints.create_toy(toy)})
        endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        endpoints.wait_in_service(name)
        wait_for(lambda: endpoints.ask(name)["name"] == toy, what="the new container's answer")
        # The log of a container that runs goes on, whichever controller started it.
        endpoints.ask(name, do="wait", seconds=0)
        rounds = len(endpoints.instance_ids(name)) - 1
        wait_for(lambda: endpoints.read_log(name).count("toy waits") == rounds, what="the line in the log")
        instance = endpoints.instance_ids(name)[-1]
        wait_clean(prey.platform, database_url=prey.database_url)
        wait_for(
            lambda: [each.endswith(instance) for each in list_owned(docker_engine, prey.platform)] == [True],
            what="the new container alone",
        )
        starts = [line for line in endpoints.read_log(name) if line.endswith("starts")]
        assert len(starts) == len(endpoints.instance_ids(name))

    prey.killings.walk("controller", update, only=ENGINE_CALLS, at_least=3)
    endpoints.delete(name)
    assert list_owned(docker_engine, prey.platform) == []


def list_owned(engine: Any, platform: RunningPlatform) -> list[str]:
    """The names of a platform's containers, of whatever state, and of its jobs' networks."""
    data_id = (platform.data_dir / "run" / "docker" / "data-id").read_text()
    label = {"label": f"clary.data-dir={data_id}"}
    containers = engine.api.containers(all=True, filters=label)
    networks = engine.api.networks(filters=label)
    return [
        *(each["Names"][0] for each in containers),
        *(each["Name"] for each in networks if data_id in each["Name"]),
    ]
