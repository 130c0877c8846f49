"""What breaks is mended without anyone asking: containers, the controller, the gateway."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.endpoints import Endpoints, new_name, traffic
from support.instances import ProcessMachine
from support.running import process_ids, read_logs, running_platform
from support.waiting import wait_for


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A platform of this module's own, whose processes may be killed."""
    folder = tmp_path_factory.mktemp("platform")
    with running_platform(folder, "--runtime", "process") as platform:
        yield Endpoints(platform, ProcessMachine())


def kill_role(folder: Path, role: str) -> None:
    """Kill -9 one of the platform's processes and wait until the supervisor has another."""
    before = process_ids(folder)[role]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: process_ids(folder).get(role, before) != before, what=f"a new {role}")


@contextmanager
def models_lost(endpoints: Endpoints) -> Iterator[None]:
    """No model is to be had for the length of the block, from the bucket or from the platform's disk."""
    for folder in (endpoints.platform.data_dir / "endpoints").glob("*/models"):
        shutil.rmtree(folder)
    hidden = {}
    for entry in endpoints.s3.list_objects_v2(Bucket=endpoints.bucket)["Contents"]:
        found = endpoints.s3.get_object(Bucket=endpoints.bucket, Key=entry["Key"])
        hidden[entry["Key"]] = found["Body"].read()
        endpoints.s3.delete_object(Bucket=endpoints.bucket, Key=entry["Key"])
    try:
        yield
    finally:
        for key, body in hidden.items():
            endpoints.s3.put_object(Bucket=endpoints.bucket, Key=key, Body=body)


def test_a_killed_container_is_replaced_while_the_other_serves(endpoints_anywhere: Endpoints) -> None:
    endpoints = endpoints_anywhere
    with endpoints.serving_toy(count=2) as name:
        victim, other = endpoints.instance_ids(name)
        with traffic(endpoints, name) as running:
            endpoints.machine.kill(victim)
            wait_for(lambda: len(endpoints.instance_ids(name)) == 3, what="a third instance")
            endpoints.wait_instances(name, 2)
            wait_for(lambda: len({each["id"] for each in running.wait_more()}) == 2, what="both serving")
        assert endpoints.describe(name)["EndpointStatus"] == "InService"
        assert endpoints.machine.is_running(other)
        endpoints.wait_gone(victim)
    # A request that was with the victim when it died may be lost, no other.
    assert len(running.errors) <= 2, running.errors


def test_an_only_container_comes_back_as_often_as_it_dies(endpoints: Endpoints) -> None:
    with endpoints.serving_toy() as name:
        for deaths in (1, 2):
            endpoints.machine.kill(endpoints.instance_ids(name)[-1])
            wait_for(lambda count=deaths + 1: len(endpoints.instance_ids(name)) == count, what="a new one")
            endpoints.wait_instances(name, 1)
        assert endpoints.ask(name)["name"] == "toy"


def test_a_container_that_stops_answering_pings_is_replaced(endpoints: Endpoints) -> None:
    with endpoints.serving_toy(count=2) as name:
        mute = endpoints.ask(name, do="mute")["id"]
        with traffic(endpoints, name) as running:
            wait_for(lambda: len(endpoints.instance_ids(name)) == 3, what="a third instance")
            wait_for(lambda: mute not in {each["id"] for each in running.wait_more()}, what="the mute's end")
            endpoints.wait_instances(name, 2)
        assert running.errors == []


def test_what_can_no_longer_be_staged_keeps_none_from_serving(own: Endpoints) -> None:
    with own.serving_toy(count=2) as name:
        victim, other = own.instance_ids(name)
        with traffic(own, name) as running:
            with models_lost(own):
                own.machine.kill(victim)
                failure = "Failed to download model data"
                wait_for(lambda: failure in read_logs(own.platform.data_dir), what="an attempt")
                described = own.describe(name)
                assert described["EndpointStatus"] == "InService"
                assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
                running.wait_more()
            own.wait_instances(name, 2)
        assert own.machine.is_running(other)
    assert len(running.errors) <= 2, running.errors


def test_serving_goes_on_without_the_controller_and_what_was_under_way_is_finished(own: Endpoints) -> None:
    folder = own.platform.data_dir
    with own.serving_toy("kept") as kept, own.serving_toy("old") as updated:
        config = own.create_config({"ModelName": own.create_toy("new")})
        instances = own.instance_ids(kept)
        created = new_name("endpoint")
        with traffic(own, kept) as steady, traffic(own, updated) as changing:
            own.sagemaker.create_endpoint(EndpointName=created, EndpointConfigName=config)
            own.sagemaker.update_endpoint(EndpointName=updated, EndpointConfigName=config)
            kill_role(folder, "controller")
            own.wait_in_service(created)
            own.wait_in_service(updated)
            wait_for(lambda: {each["name"] for each in changing.wait_more()} == {"new"}, what="the update")
            steady.wait_more()
        assert steady.errors == changing.errors == []
        assert own.instance_ids(kept) == instances
        own.machine.kill(instances[0])
        wait_for(lambda: len(own.instance_ids(kept)) == 2, what="a replacement by the new controller")
        own.wait_instances(kept, 1)
        own.delete(created)


def test_a_deletion_is_finished_by_the_next_controller(own: Endpoints) -> None:
    with own.serving_toy(count=2) as name:
        instances = own.instance_ids(name)
        own.sagemaker.delete_endpoint(EndpointName=name)
        kill_role(own.platform.data_dir, "controller")
        wait_for(lambda: not own.exists(name), what="the end of the endpoint")
        own.wait_gone(*instances)


def test_a_new_gateway_serves_at_once(own: Endpoints) -> None:
    with own.serving_toy() as name:
        kill_role(own.platform.data_dir, "gateway-1")
        wait_for(lambda: answers(own, name), what="an answer")
        assert own.ask(name)["name"] == "toy"


def answers(endpoints: Endpoints, name: str) -> bool:
    """Whether an invocation is answered."""
    try:
        return bool(endpoints.ask(name))
    except Exception:
        return False
