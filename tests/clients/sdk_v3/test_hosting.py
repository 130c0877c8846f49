"""Endpoints by ModelBuilder and as resources, on the process runtime, and the main flow on Docker."""

from typing import Any

import pytest

from support.flow import Flow
from support.flow_scripts import FlowScript

CLIENT = "SageMaker SDK v3"
pytestmark = pytest.mark.xdist_group("sdk-v3-hosting")


@pytest.fixture(scope="module")
def model_uri(platform_up: Any) -> str:
    """A model that answers with twice its input."""
    return Flow(platform_up).train()


@pytest.fixture(scope="module")
def deployment(platform_up: Any, run_script: Any, model_uri: str) -> FlowScript:
    script: FlowScript = run_script(platform_up, "deployment", model_uri, "deploy")
    return script


@pytest.fixture(scope="module")
def endpoints(platform_up: Any, run_script: Any, model_uri: str) -> FlowScript:
    script: FlowScript = run_script(platform_up, "endpoints", model_uri)
    return script


@pytest.mark.flow(CLIENT, "ModelBuilder.build and deploy of a model's artifact, Endpoint.invoke")
def test_an_artifact_is_built_deployed_and_invoked(deployment: FlowScript, model_uri: str) -> None:
    found = deployment["deploy"]
    assert found["model"] == model_uri
    assert float(found["answer"]) == pytest.approx(6, abs=1)


@pytest.mark.flow(CLIENT, "ModelBuilder.deploy with the endpoint's log")
def test_the_log_of_a_deployed_endpoint_is_shown(deployment: FlowScript) -> None:
    lines = Flow(deployment.platform).logs.filter_log_events(
        logGroupName=f"/aws/sagemaker/Endpoints/{deployment['deploy']['endpoint']}",
        logStreamNamePrefix="AllTraffic/",
        limit=1,
    )
    assert lines["events"][0]["message"] in deployment.output


@pytest.mark.docker
@pytest.mark.flow(CLIENT, "ModelBuilder.build and deploy of a model's artifact, Endpoint.invoke")
def test_an_artifact_is_built_deployed_and_invoked_on_docker(
    docker_platform_up: Any, run_script: Any
) -> None:
    model = Flow(docker_platform_up, patience=240).train()
    found = run_script(docker_platform_up, "deployment", model, "deploy_without_waiting")
    assert float(found["deploy_without_waiting"]["answer"]) == pytest.approx(6, abs=1)


@pytest.mark.flow(CLIENT, "Model, EndpointConfig and Endpoint.create, wait_for_status")
def test_an_endpoint_comes_into_service(endpoints: FlowScript, model_uri: str) -> None:
    found = endpoints["create"]
    assert found["statuses"] == ["Creating", "InService"]
    assert (found["model"], found["variants"]) == (model_uri, [True])


@pytest.mark.flow(CLIENT, "Endpoint.invoke")
def test_an_endpoint_answers(endpoints: FlowScript) -> None:
    found = endpoints["invoke"]
    assert found["scores"] == pytest.approx([6, 8], abs=1)
    assert (found["type"], found["variant"]) == ("application/json", "AllTraffic")


@pytest.mark.flow(CLIENT, "Endpoint.update, update_weights_and_capacities")
def test_an_endpoint_is_updated(endpoints: FlowScript) -> None:
    assert endpoints["update"] == {
        "statuses": ["Updating", "Updating"],
        "counts": [2, 1],
        "weight": 2.0,
        "config": "two",
    }


@pytest.mark.flow(CLIENT, "Model, EndpointConfig and Endpoint.get_all with filters")
def test_models_and_endpoints_are_found(endpoints: FlowScript) -> None:
    assert endpoints["find"] == {"models": 1, "configs": 2, "serving": 1, "failed": 0}


@pytest.mark.flow(CLIENT, "Endpoint.wait_for_status of an endpoint that fails, with the reason")
def test_an_endpoint_that_fails_says_why(endpoints: FlowScript) -> None:
    found = endpoints["fail"]
    assert "Failed to download model data" in found["reason"]
    assert found["error"].endswith(f"Failure Reason: {found['reason']}")


@pytest.mark.flow(CLIENT, "Endpoint.delete, wait_for_delete, EndpointConfig and Model.delete")
def test_everything_is_deleted(endpoints: FlowScript) -> None:
    assert endpoints["delete"] == {"left": 0, "gone": "ValidationException"}
