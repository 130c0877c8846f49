"""A notebook's training with the SDK: one job, and what is looked up about it afterwards."""

import re
from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.jobs import Jobs
from support.running import RunningPlatform

CLIENT = "SageMaker SDK v2"
TEAM = {"Key": "team", "Value": "forest"}
SEASON = {"Key": "season", "Value": "autumn"}
GIVEN = {
    "num_round": "5",
    "eta": "1",
    "min_child_weight": "0",
    "objective": "reg:squarederror",
    "lambda": "0",
}
pytestmark = pytest.mark.xdist_group("sdk-v2-training")


@pytest.fixture(scope="module")
def training(platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/training.py``, run once."""
    return run_script(platform_up, "training")


@pytest.mark.flow(CLIENT, "Session.account_id, default_bucket, get_execution_role")
def test_a_session_knows_account_bucket_and_role(training: FlowScript) -> None:
    platform = training.platform
    role = f"arn:aws:iam::{platform.account}:role/ClaryAdministrator"
    assert training["session"] == {
        "account": platform.account,
        "bucket": f"sagemaker-{platform.region}-{platform.account}",
        "caller": role,
        "role": role,
    }


@pytest.mark.flow(CLIENT, "Session.upload_data, image_uris.retrieve, Estimator.fit(logs='All')")
def test_fit_follows_the_log_to_the_end(training: FlowScript) -> None:
    fit, jobs = training["fit"], Jobs(training.platform)
    described = jobs.describe(fit["job"])
    assert fit["status"] == described["TrainingJobStatus"] == "Completed"
    assert fit["model_data"] == described["ModelArtifacts"]["S3ModelArtifacts"]
    for line in jobs.lines(fit["job"]):
        assert line.replace("\t", "#011") in training.output
    assert re.search(r"Completed - Training job completed", training.output)
    assert f"Billable seconds: {described['BillableTimeInSeconds']}" in training.output


@pytest.mark.flow(CLIENT, "Estimator.set_hyperparameters")
def test_hyperparameters_are_strings_as_they_were_given(training: FlowScript) -> None:
    assert training["fit"]["hyperparameters"] == GIVEN


def test_members_that_the_sdk_indexes_blindly_are_there(training: FlowScript) -> None:
    assert training["fit"]["kms_key"] == ""
    bucket = f"s3://{training['session']['bucket']}/"
    assert [hook["S3OutputPath"] for hook in training["fit"]["hooks"]] == [bucket, bucket]


@pytest.mark.flow(CLIENT, "Estimator.attach")
def test_attach_restores_the_estimator_of_a_job(training: FlowScript) -> None:
    attached = training["attach"]
    assert attached["model_data"] == training["fit"]["model_data"]
    assert attached["hyperparameters"] == GIVEN
    assert attached["image"].endswith("/sagemaker-xgboost:1.7-1")
    assert (attached["instance_type"], attached["tags"]) == ("ml.m5.large", [TEAM])


@pytest.mark.flow(CLIENT, "TrainingJobAnalytics.dataframe")
def test_analytics_are_a_table_of_the_metrics(training: FlowScript) -> None:
    assert training["analytics"] == {
        "columns": ["timestamp", "metric_name", "value"],
        "metrics": ["train:rmse", "validation:rmse"],
        "wanted": ["validation:rmse"],
        "all_good": True,
    }


@pytest.mark.flow(CLIENT, "Session.list_tags, add and delete tags")
def test_tags_come_and_go(training: FlowScript) -> None:
    assert training["tags"] == [[TEAM], [SEASON, TEAM], [SEASON]]


@pytest.mark.flow(CLIENT, "Session.search")
def test_search_finds_the_job_that_made_an_artifact(training: FlowScript) -> None:
    assert training["search"] == [training["fit"]["job"]]


def test_telemetry_neither_leaves_nor_complains(training: FlowScript) -> None:
    assert training["search"]
    assert "telemetry_logging:Request exception" not in training.errors
    assert "Traceback" not in training.errors
