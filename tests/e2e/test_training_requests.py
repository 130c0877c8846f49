"""Calls about training jobs: what is refused and where, lists, tags, updates, deletion."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.jobs import XGBOOST, Jobs, channel, refusal

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
MANY = Config(max_pool_connections=12, retries={"total_max_attempts": 1})
MISSING_IMAGES = [
    XGBOOST.replace("sagemaker-xgboost", "no-such-algorithm"),
    XGBOOST.replace("1.7-1", "9.9-9"),
]


def refuse(jobs: Jobs, request: dict[str, Any]) -> tuple[str, str]:
    """Code and message that CreateTrainingJob refuses a request with."""
    with pytest.raises(ClientError) as refused:
        jobs.sagemaker.create_training_job(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("uri", ["s3://no-such-bucket-anywhere/train/", "s3://{bucket}/nothing/here/"])
def test_input_data_that_is_not_there(jobs: Jobs, uri: str) -> None:
    uri = uri.format(bucket=jobs.bucket)
    code, message = refuse(jobs, jobs.request("true", InputDataConfig=[channel("train", uri)]))
    assert code == "ValidationException"
    assert message.startswith(f'No S3 objects found under S3 URL "{uri}" given in input data source.')
    assert f'the role "{jobs.role}" has "s3:ListBucket" permissions' in message


@pytest.mark.parametrize("account", ["000000000000", "123456789012"])
def test_a_role_that_is_not_there(jobs: Jobs, account: str) -> None:
    role = f"arn:aws:iam::{account}:role/nobody"
    code, message = refuse(jobs, jobs.request("true", RoleArn=role))
    assert (code, message.split(".")[0]) == ("ValidationException", f"Could not assume role {role}")


@pytest.mark.parametrize("image", MISSING_IMAGES)
def test_an_image_that_no_registry_has(any_jobs: Jobs, image: str) -> None:
    request = any_jobs.request()
    request["AlgorithmSpecification"]["TrainingImage"] = image
    any_jobs.sagemaker.create_training_job(**request)
    described = any_jobs.finish(request["TrainingJobName"], status="Failed")
    assert described["FailureReason"].startswith(
        f"ClientError: API error (404): manifest for {image} not found"
    )


def test_an_own_image_needs_docker(jobs: Jobs) -> None:
    request = jobs.request("true")
    request["AlgorithmSpecification"]["TrainingImage"] = "my-image:1"
    jobs.sagemaker.create_training_job(**request)
    described = jobs.finish(request["TrainingJobName"], status="Failed")
    assert described["FailureReason"].startswith("ClientError: the image my-image:1 needs Docker")


def test_a_hyperparameter_out_of_range(jobs: Jobs) -> None:
    uri = jobs.put({"train.csv": "1,2\n0,3\n"})
    described = jobs.run(
        status="Failed",
        HyperParameters={"num_round": "5", "eta": "7"},
        InputDataConfig=[channel("train", uri, ContentType="text/csv")],
    )
    assert described["FailureReason"].startswith("ClientError: ")
    assert "eta" in described["FailureReason"]


def test_a_name_that_is_taken(jobs: Jobs) -> None:
    request = jobs.request("true")
    arn = jobs.sagemaker.create_training_job(**request)["TrainingJobArn"]
    with pytest.raises(jobs.sagemaker.exceptions.ResourceInUse, match="names must be unique") as refused:
        jobs.sagemaker.create_training_job(**request)
    assert arn in str(refused.value)
    jobs.finish(request["TrainingJobName"])
    assert refusal(jobs.sagemaker.create_training_job, **request) == "ResourceInUse"


def test_metric_definitions_of_a_built_in_image_stay(jobs: Jobs) -> None:
    request = jobs.request("true")
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*)"}]
    code, message = refuse(jobs, request)
    assert code == "ValidationException"
    assert message.startswith("You can't override the metric definitions for Amazon SageMaker algorithms.")


SPOT = "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"EnableManagedSpotTraining": True}, SPOT),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 20, "MaxWaitTimeInSeconds": 10},
            },
            SPOT,
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 20, "MaxWaitTimeInSeconds": 30}},
            "MaxWaitTimeInSeconds above 0 is only supported for managed spot training.",
        ),
        ({"ResourceConfig": {"VolumeSizeInGB": 1}}, "ResourceConfig must have InstanceType"),
        ({"OutputDataConfig": {"S3OutputPath": "https://bucket/out"}}, '"https://bucket/out" is not a valid'),
        ({"CheckpointConfig": {"S3Uri": "https://bucket/out"}}, '"https://bucket/out" is not a valid'),
        (
            {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/model"}},
            "Invalid LocalPath in CheckpointConfig: /opt/ml/model",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/kept/../etc"}},
            "Invalid LocalPath in CheckpointConfig: /kept/../etc",
        ),
    ],
)
def test_members_that_do_not_fit_together(jobs: Jobs, members: dict[str, Any], message: str) -> None:
    code, said = refuse(jobs, jobs.request("true", **members))
    assert code == "ValidationException"
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"name": "train"}, "Duplicate channel name found: train"),
        ({"S3DataType": "AugmentedManifestFile"}, "Channel other: AttributeNames is required"),
        ({"InstanceGroupNames": ["nobody"]}, "Channel other: instance group nobody is not in ResourceConfig"),
    ],
)
def test_channels_that_do_not_fit(jobs: Jobs, second: dict[str, Any], message: str) -> None:
    uri = jobs.put({"a": "1"})
    second = {"name": "other", "uri": uri, **second}
    request = jobs.request("true", InputDataConfig=[channel("train", uri), channel(**second)])
    code, said = refuse(jobs, request)
    assert code == "ValidationException"
    assert said.startswith(message)


def test_pipe_mode_says_that_it_is_missing(jobs: Jobs) -> None:
    train = channel("train", jobs.put({"a": "1"}), InputMode="Pipe")
    code, message = refuse(jobs, jobs.request("true", InputDataConfig=[train]))
    assert code == "UnsupportedOperation"
    assert "Pipe" in message


def test_the_wire_names_every_broken_constraint(jobs: Jobs) -> None:
    request = jobs.request("true", TrainingJobName="bad_name")
    request["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    client = jobs.platform.client("sagemaker", config=UNCHECKED)
    with pytest.raises(ClientError, match="2 validation errors detected") as refused:
        client.create_training_job(**request)
    message = refused.value.response["Error"]["Message"]
    assert "Value 'bad_name' at 'trainingJobName' failed to satisfy constraint" in message
    assert "at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint" in message


@pytest.mark.parametrize("call", ["describe", "stop", "update", "delete"])
def test_a_job_that_is_not_there(jobs: Jobs, call: str) -> None:
    with pytest.raises(ClientError, match="Requested resource not found") as refused:
        getattr(jobs.sagemaker, f"{call}_training_job")(TrainingJobName="nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_only_an_ended_job_is_deleted_and_its_name_is_free_again(jobs: Jobs) -> None:
    request = jobs.request("echo one; while :; do sleep 0.05; done")
    name = request["TrainingJobName"]
    jobs.sagemaker.create_training_job(**request)
    jobs.says(name, "one")
    assert refusal(jobs.sagemaker.delete_training_job, TrainingJobName=name) == "ResourceInUse"
    jobs.stop(name)
    jobs.sagemaker.add_tags(
        ResourceArn=jobs.describe(name)["TrainingJobArn"], Tags=[{"Key": "a", "Value": "1"}]
    )
    jobs.sagemaker.delete_training_job(TrainingJobName=name)
    assert refusal(jobs.describe, name=name) == "ValidationException"
    request["AlgorithmSpecification"]["ContainerArguments"] = ["echo two"]
    arn = jobs.sagemaker.create_training_job(**request)["TrainingJobArn"]
    jobs.finish(name)
    assert sorted(jobs.lines(name)) == ["one", "two"]
    assert len(jobs.streams(name)) == 2
    assert jobs.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_an_update_is_merged_into_what_is_described(jobs: Jobs) -> None:
    name = jobs.create(
        "echo ready; while :; do sleep 0.05; done",
        ProfilerConfig={
            "S3OutputPath": f"s3://{jobs.bucket}/profile",
            "ProfilingIntervalInMilliseconds": 500,
        },
    )
    jobs.says(name, "ready")
    jobs.sagemaker.update_training_job(
        TrainingJobName=name,
        ProfilerConfig={"ProfilingIntervalInMilliseconds": 1000},
        RemoteDebugConfig={"EnableRemoteDebug": True},
    )
    described = jobs.describe(name)
    assert described["ProfilerConfig"] == {
        "S3OutputPath": f"s3://{jobs.bucket}/profile",
        "ProfilingIntervalInMilliseconds": 1000,
    }
    assert described["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    jobs.stop(name)
    update = {"TrainingJobName": name, "RemoteDebugConfig": {"EnableRemoteDebug": False}}
    assert refusal(jobs.sagemaker.update_training_job, **update) == "ValidationException"


@pytest.mark.flow("boto3", "add_tags, list_tags, delete_tags")
def test_tags_from_creation_on(jobs: Jobs) -> None:
    request = jobs.request("true", Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": ""}])
    arn = jobs.sagemaker.create_training_job(**request)["TrainingJobArn"]

    def tags() -> dict[str, str]:
        pages = jobs.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    assert tags() == {"team": "a", "cost": ""}
    jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "x", "Value": "1"}])
    assert tags() == {"team": "b", "cost": "", "x": "1"}
    jobs.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost", "unheard-of"])
    assert tags() == {"team": "b", "x": "1"}
    jobs.finish(request["TrainingJobName"])


@pytest.mark.flow("boto3", "the paginator list_training_jobs")
def test_lists_are_filtered_sorted_and_paged(jobs: Jobs) -> None:
    mark = f"list-{uuid.uuid4().hex[:8]}"
    names = [f"{mark}-{letter}" for letter in "cabde"]
    for name in names:
        jobs.create("exit 1" if name.endswith("d") else "true", TrainingJobName=name)
    for name in names:
        jobs.finish(name, status="Failed" if name.endswith("d") else "Completed")

    def found(**members: Any) -> list[str]:
        pages = jobs.sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains=mark, PaginationConfig={"PageSize": 2}, **members
        )
        return [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]

    assert found() == names
    assert found(SortOrder="Descending") == names[::-1]
    assert found(SortBy="Name", SortOrder="Ascending") == sorted(names)
    assert found(SortBy="Name", SortOrder="Descending") == sorted(names)[::-1]
    assert found(SortBy="Status")[-1] == f"{mark}-d"
    assert found(StatusEquals="Failed") == [f"{mark}-d"]
    assert found(StatusEquals="Stopped") == []
    assert found(WarmPoolStatusEquals="Available") == []
    now = datetime.now(UTC)
    assert found(CreationTimeAfter=now) == found(LastModifiedTimeAfter=now) == []
    assert found(CreationTimeBefore=now, LastModifiedTimeAfter=now - timedelta(hours=1)) == names
    (summary,) = jobs.sagemaker.list_training_jobs(NameContains=f"{mark}-d")["TrainingJobSummaries"]
    described = jobs.describe(f"{mark}-d")
    assert summary == {
        member: described[member]
        for member in (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
        )
    }


def test_creations_at_once_are_all_answered(jobs: Jobs) -> None:
    uri = jobs.put({"a": "1"})
    client = jobs.platform.client("sagemaker", config=MANY)
    requests = [jobs.request("true", InputDataConfig=[channel("train", uri)]) for _ in range(12)]
    with ThreadPoolExecutor(len(requests)) as pool:
        list(pool.map(lambda request: client.create_training_job(**request), requests))
    for request in requests:
        jobs.finish(request["TrainingJobName"])
