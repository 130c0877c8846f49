"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities under constant traffic: no request is ever lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.endpoints import VARIANT, Endpoints, traffic
from support.waiting import wait_for


def update(endpoints: Endpoints, name: str, *variants: dict[str, Any], **members: Any) -> str:
    """UpdateEndpoint to a new configuration; the configuration's name."""
    config = endpoints.create_config(*variants)
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **members)
    return config


def scale(endpoints: Endpoints, name: str, **desired: dict[str, Any]) -> None:
    """UpdateEndpointWeightsAndCapacities, by variant, to its end."""
    endpoints.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": key} | value for key, value in desired.items()],
    )
    endpoints.wait_in_service(name)


def shares(endpoints: Endpoints, name: str) -> dict[str, tuple[float, int]]:
    """Weight and number of instances that each variant has."""
    return {
        variant["VariantName"]: (variant["CurrentWeight"], variant["CurrentInstanceCount"])
        for variant in endpoints.describe(name)["ProductionVariants"]
    }


@pytest.mark.flow("boto3", "update_endpoint under load")
def test_the_new_model_takes_over_without_a_lost_request(endpoints_anywhere: Endpoints) -> None:
    endpoints = endpoints_anywhere
    with endpoints.serving_toy("old", count=2) as name, traffic(endpoints, name) as running:
        old = endpoints.instance_ids(name)
        config = update(endpoints, name, {"ModelName": endpoints.create_toy("new")})
        described = endpoints.wait_in_service(name)
        assert described["EndpointConfigName"] == config
        wait_for(lambda: {each["name"] for each in running.wait_more()} == {"new"}, what="new answers")
        endpoints.wait_gone(*old)
        running.wait_more()
    assert running.errors == []
    assert running.counts("name")["old"] > 0


def test_a_long_request_is_answered_by_the_instance_that_has_it(endpoints: Endpoints) -> None:
    with endpoints.serving_toy("old") as name, ThreadPoolExecutor(1) as pool:
        (old,) = endpoints.instance_ids(name)
        asked = pool.submit(endpoints.ask, name, do="wait", seconds=5)
        update(endpoints, name, {"ModelName": endpoints.create_toy("new")})
        endpoints.wait_in_service(name)
        wait_for(lambda: endpoints.ask(name)["name"] == "new", what="a new answer")
        assert asked.result()["name"] == "old"
        endpoints.wait_gone(old)


def test_an_update_may_follow_while_old_instances_drain(endpoints: Endpoints) -> None:
    with endpoints.serving_toy("one") as name, traffic(endpoints, name) as running:
        for toy in ("two", "three"):
            update(endpoints, name, {"ModelName": endpoints.create_toy(toy)})
            endpoints.wait_in_service(name)
        one, two, three = endpoints.instance_ids(name)
        endpoints.wait_gone(one, two)
        assert {each["name"] for each in running.wait_more()} == {"three"}
        assert endpoints.machine.is_running(three)
    assert running.errors == []


def test_a_failed_update_leaves_the_old_model_serving(endpoints_anywhere: Endpoints) -> None:
    endpoints = endpoints_anywhere
    broken = {
        f"s3://{endpoints.bucket}/nothing/model.tar.gz": "Failed to download model data for container",
        None: f"The primary container for production variant {VARIANT} did not pass the ping health check.",
    }
    with endpoints.serving_toy("old") as name, traffic(endpoints, name) as running:
        before = endpoints.describe(name)["EndpointConfigName"]
        for data, reason in broken.items():
            # An XGBoost container without a model ends at once.
            update(endpoints, name, {"ModelName": endpoints.create_model(data)})
            described = endpoints.wait_in_service(name)
            assert reason in described["FailureReason"]
            assert described["EndpointConfigName"] == before
        old, *failed = endpoints.instance_ids(name)
        endpoints.wait_gone(*failed)
        assert {each["name"] for each in running.wait_more()} == {"old"}
        update(endpoints, name, {"ModelName": endpoints.create_toy("new")})
        assert "FailureReason" not in endpoints.wait_in_service(name)
        endpoints.wait_gone(old)
        assert {each["name"] for each in running.wait_more()} == {"new"}
    assert running.errors == []


@pytest.mark.flow("boto3", "update_endpoint_weights_and_capacities")
def test_weights_and_instances_change_in_place(endpoints: Endpoints) -> None:
    red = {"VariantName": "red", "ModelName": endpoints.create_toy("red"), "InitialVariantWeight": 1}
    blue = {"VariantName": "blue", "ModelName": endpoints.create_toy("blue"), "InitialVariantWeight": 0}
    with endpoints.serving(red, blue) as name, traffic(endpoints, name) as running:
        assert {each["name"] for each in running.wait_more()} == {"red"}
        scale(endpoints, name, red={"DesiredWeight": 0}, blue={"DesiredWeight": 3, "DesiredInstanceCount": 2})
        assert shares(endpoints, name) == {"red": (0, 1), "blue": (3, 2)}
        wait_for(lambda: {each["name"] for each in running.wait_more()} == {"blue"}, what="blue alone")
        assert len({each["id"] for each in running.wait_more()}) == 2
        scale(endpoints, name, blue={"DesiredInstanceCount": 1})
        wait_for(lambda: shares(endpoints, name) == {"red": (0, 1), "blue": (3, 1)}, what="one instance less")
        instances = endpoints.instance_ids(name)
        wait_for(
            lambda: sum(map(endpoints.machine.is_running, instances)) == 2, what="the end of the surplus"
        )
        assert {each["name"] for each in running.wait_more()} == {"blue"}
    assert running.errors == []


def test_an_update_may_keep_what_was_changed_since(endpoints: Endpoints) -> None:
    with endpoints.serving_toy() as name:
        scale(endpoints, name, **{VARIANT: {"DesiredWeight": 5, "DesiredInstanceCount": 2}})
        variant = {"ModelName": endpoints.create_toy(), "InitialVariantWeight": 1, "InitialInstanceCount": 1}
        update(endpoints, name, variant, RetainAllVariantProperties=True)
        endpoints.wait_in_service(name)
        assert shares(endpoints, name) == {VARIANT: (5, 2)}
        update(
            endpoints,
            name,
            variant,
            RetainAllVariantProperties=True,
            ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
        )
        endpoints.wait_in_service(name)
        assert shares(endpoints, name) == {VARIANT: (5, 1)}
        update(endpoints, name, variant)
        endpoints.wait_in_service(name)
        assert shares(endpoints, name) == {VARIANT: (1, 1)}


def test_updates_that_cannot_be_are_refused(endpoints: Endpoints) -> None:
    sagemaker = endpoints.sagemaker
    with endpoints.serving_toy() as name:
        arn = endpoints.describe(name)["EndpointArn"]
        with pytest.raises(ClientError, match="Could not find endpoint configuration"):
            sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="none")
        with pytest.raises(ClientError, match='Could not find variant "none"'):
            scale(endpoints, name, none={"DesiredWeight": 1})
        config = update(endpoints, name, {"ModelName": endpoints.create_toy()})
        with pytest.raises(ClientError) as refused:
            sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        assert refused.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": f'Cannot update in-progress endpoint "{arn}".',
        }
        endpoints.wait_in_service(name)
    with pytest.raises(ClientError, match="Could not find endpoint "):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)


def test_an_endpoint_may_be_deleted_while_it_is_updated(endpoints: Endpoints) -> None:
    with endpoints.serving_toy(count=2) as name:
        update(endpoints, name, {"ModelName": endpoints.create_toy("new"), "InitialInstanceCount": 2})
        endpoints.delete(name)
        endpoints.wait_gone(*endpoints.instance_ids(name))


def test_a_deployment_that_answers_no_ping_fails(
    endpoints: Endpoints, silent_deployments: tuple[str, str]
) -> None:
    created, updated = silent_deployments
    failed = endpoints.wait_settled(created, seconds=100)
    assert failed["EndpointStatus"] == "Failed"
    back = endpoints.wait_in_service(updated, seconds=100)
    for described in (failed, back):
        assert "did not pass the ping health check" in described["FailureReason"]
        assert "no answer to /ping within 60 seconds" in described["FailureReason"]
    assert endpoints.ask(updated)["name"] == "old"
    old, new = endpoints.instance_ids(updated)
    endpoints.wait_gone(new, *endpoints.instance_ids(created))
    assert endpoints.machine.is_running(old)
