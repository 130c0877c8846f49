"""Training jobs as resources of the SDK, on the process runtime."""

from typing import Any

import pytest

from support.flow_scripts import FlowScript
from support.jobs import Jobs

CLIENT = "SageMaker SDK v3"
pytestmark = pytest.mark.xdist_group("sdk-v3-jobs")


@pytest.fixture(scope="module")
def script(platform_up: Any, run_script: Any) -> FlowScript:
    done: FlowScript = run_script(platform_up, "jobs")
    return done


@pytest.mark.flow(CLIENT, "TrainingJob.create, wait with its log")
def test_a_job_is_waited_for_while_its_log_is_shown(script: FlowScript) -> None:
    found = script["complete"]
    assert found["statuses"] == ["InProgress", "Completed"]
    assert found["metrics"] == {"loss": 0.25}
    assert found["hyperparameters"] == {"epochs": "3"}
    assert "loss=0.5" in script.output
    assert Jobs(script.platform).lines(found["job"]) == ["loss=0.5", "loss=0.25"]


@pytest.mark.flow(CLIENT, "TrainingJob.wait of a job that fails, with the reason")
def test_a_failed_job_raises_its_reason(script: FlowScript) -> None:
    found = script["fail"]
    assert found["reason"] == "AlgorithmError: no rows, exit code: 4"
    assert found["error"].endswith(f"Final Resource State: Failed. Failure Reason: {found['reason']}")


@pytest.mark.flow(CLIENT, "TrainingJob.stop, refresh, wait with a timeout")
def test_a_job_stops(script: FlowScript) -> None:
    found = script["stop"]
    assert found["statuses"] == ["Stopping", "Stopped"]
    assert "Final Resource State: InProgress" in found["waited"]


@pytest.mark.flow(CLIENT, "TrainingJob.get, get_all with filters")
def test_jobs_are_found(script: FlowScript) -> None:
    found = script["find"]
    assert sorted(found["all"]) == found["sorted"] == ["complete", "fail", "stop"]
    assert (found["failed"], found["earlier"]) == (["fail"], [])
    assert found["got"].endswith("-complete")
    assert found["missing"] == "ValidationException: Requested resource not found."


@pytest.mark.flow(CLIENT, "Tag.get_all, add_tags, delete_tags")
def test_tags_come_and_go(script: FlowScript) -> None:
    assert script["tag"] == {
        "before": {"team": "blue"},
        "added": {"stage": "test", "team": "blue"},
        "after": {"stage": "test"},
    }


@pytest.mark.flow(CLIENT, "TrainingJob.delete, wait_for_delete")
def test_a_deleted_job_is_gone(script: FlowScript) -> None:
    assert sorted(script["delete"]["left"]) == ["complete", "stop"]
