"""A controller that stands still for longer than its leases last: another takes over, and it gives way."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from support.controllers import second_controller
from support.endpoints import Endpoints, new_name
from support.instances import ProcessMachine
from support.jobs import Jobs
from support.remains import wait_clean
from support.running import process_ids
from support.waiting import wait_for

SCRIPT = "echo begin; until [ -e model/go ]; do sleep 0.05; done; echo end"
STAGES = ["Starting", "Downloading", "Training", "Uploading", "Completed"]
LEASE = {"CHAOS_LEASE_SECONDS": "3"}


def test_a_controller_that_stood_still_gives_way(start: Callable[..., Any], tmp_path: Path) -> None:
    prey = start(**LEASE)
    jobs, endpoints = Jobs(prey.platform), Endpoints(prey.platform, ProcessMachine())
    config = endpoints.create_config({"ModelName": endpoints.create_toy()})
    name = jobs.create(SCRIPT)
    jobs.says(name, "begin")
    owner = find_owner(prey.database_url, name)
    still = process_ids(prey.platform.data_dir)["controller"]
    variables = {"CLARY_DATABASE_URL": prey.database_url, **prey.killings.variables, **LEASE}
    with second_controller(prey.platform, tmp_path / "log", **variables):
        os.kill(still, signal.SIGSTOP)
        try:
            wait_for(
                lambda: find_owner(prey.database_url, name) not in {None, owner},
                what="another owner of the job",
            )
            endpoint = new_name("endpoint")
            endpoints.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
            endpoints.wait_in_service(endpoint)
        finally:
            os.kill(still, signal.SIGCONT)
        for model in prey.platform.data_dir.glob("jobs/*/*/ml/model"):
            (model / "go").touch()
        described = jobs.finish(name)
        assert [each["Status"] for each in described["SecondaryStatusTransitions"]] == STAGES
        assert jobs.lines(name) == ["begin", "end"]
        (instance,) = endpoints.instance_ids(endpoint)
        wait_clean(prey.platform, containers=[instance], database_url=prey.database_url)
        endpoints.delete(endpoint)
        wait_clean(prey.platform, database_url=prey.database_url)


def test_a_controller_that_slept_with_the_machine_keeps_its_work(start: Callable[..., Any]) -> None:
    prey = start(**LEASE)
    jobs = Jobs(prey.platform)
    name = jobs.create(SCRIPT)
    jobs.says(name, "begin")
    token = find_token(prey.database_url, name)
    controller = process_ids(prey.platform.data_dir)["controller"]
    os.kill(controller, signal.SIGSTOP)
    try:
        wait_for(lambda: is_expired(prey.database_url, name), what="the end of the lease")
    finally:
        os.kill(controller, signal.SIGCONT)
    wait_for(lambda: not is_expired(prey.database_url, name), what="the lease's renewal")
    assert find_token(prey.database_url, name) == token
    for model in prey.platform.data_dir.glob("jobs/*/*/ml/model"):
        (model / "go").touch()
    described = jobs.finish(name)
    assert [each["Status"] for each in described["SecondaryStatusTransitions"]] == STAGES


def find_owner(database_url: str, name: str) -> Any:
    """The controller that has a resource."""
    return look_up(database_url, "lock_owner", name)


def find_token(database_url: str, name: str) -> Any:
    """The lease that a resource is held by."""
    return look_up(database_url, "lock_token", name)


def is_expired(database_url: str, name: str) -> bool:
    """Whether any controller may take a resource."""
    return bool(look_up(database_url, "lock_expires_at", name) < time.time() * 1_000_000)


def look_up(database_url: str, column: str, name: str) -> Any:
    """A column of a resource's row."""
    query = sa.text(f"SELECT {column} FROM resources WHERE name = :name")  # noqa: S608 - our own names
    with sa.create_engine(database_url, poolclass=sa.NullPool).connect() as connection:
        return connection.scalar(query, {"name": name})
