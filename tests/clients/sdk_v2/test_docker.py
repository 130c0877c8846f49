"""The main flow of the SDK on Docker, and images of the user's own."""

from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.jobs import Jobs
from support.running import RunningPlatform

CLIENT = "SageMaker SDK v2"
pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("sdk-v2-docker")]


@pytest.fixture(scope="module")
def main_flow(docker_platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/main_flow.py``, run once."""
    return run_script(docker_platform_up, "main_flow")


@pytest.fixture(scope="module")
def custom_image(docker_platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/custom_image.py``, run once."""
    return run_script(docker_platform_up, "custom_image", "python:3.11-slim")


@pytest.mark.flow(CLIENT, "Estimator.fit(logs='All')")
def test_fit_follows_the_log_to_the_end(main_flow: FlowScript) -> None:
    found, jobs = main_flow["main"], Jobs(main_flow.platform)
    assert found["status"] == "Completed"
    lines = jobs.lines(found["job"])
    assert any("train-rmse" in line for line in lines)
    assert all(line in main_flow.output for line in lines)


@pytest.mark.flow(CLIENT, "Estimator.deploy, Predictor.predict")
def test_the_model_is_served(main_flow: FlowScript) -> None:
    assert main_flow["main"]["prediction"] == [["8.0"], ["12.0"]]


@pytest.mark.flow(CLIENT, "Predictor.delete_model, delete_endpoint")
def test_what_is_deleted_is_gone(main_flow: FlowScript) -> None:
    found, sagemaker = main_flow["main"], main_flow.platform.client("sagemaker")
    assert sagemaker.list_models(NameContains=found["model"])["Models"] == []
    assert sagemaker.list_endpoint_configs(NameContains=found["endpoint"])["EndpointConfigs"] == []


@pytest.mark.flow(CLIENT, "Estimator of an own image: container_entry_point, metric_definitions, environment")
def test_an_image_of_the_users_own_is_trained(custom_image: FlowScript) -> None:
    found, jobs = custom_image["custom image"], Jobs(custom_image.platform)
    assert (found["status"], found["final"]) == ("Completed", {"loss": 0.25})
    assert found["metrics"] == ["loss"]
    assert jobs.unpack(found["model_data"]) == {"owner.txt": "somebody"}
