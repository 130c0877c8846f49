"""From rows to predictions and back to nothing, as a user types it."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.aws_cli import AwsCli, require_v2, with_profile, with_run
from support.endpoints import XGBOOST, to_rows
from support.running import RunningPlatform

ROWS = [[float(x), float(x % 3)] for x in range(40)]
GROUP = "/aws/sagemaker/TrainingJobs"
FLOWS = (
    "create-training-job, describe, list, wait, its log",
    "create-model, create-endpoint-config, create-endpoint, wait",
    "invoke-endpoint",
    "update-endpoint, update-endpoint-weights-and-capacities",
    "delete-endpoint, wait, delete-endpoint-config, delete-model",
)


def flows(client: str) -> list[pytest.MarkDecorator]:
    """The marks of a client that goes all the way."""
    return [pytest.mark.flow(client, name) for name in FLOWS]


@pytest.fixture
def aws(request: pytest.FixtureRequest, tmp_path: Path) -> AwsCli:
    """One version of the CLI on one runtime, pointed at the platform in one of the two ways."""
    version, way, fixture = request.param
    platform: RunningPlatform = request.getfixturevalue(fixture)
    program = {"program": require_v2()} if version == "v2" else {}
    if way == "run":
        return with_run(platform, **program)
    return with_profile(platform, tmp_path, **program)


@pytest.mark.parametrize(
    "aws",
    [
        pytest.param(("v1", "run", "platform_up"), marks=flows("AWS CLI v1"), id="v1-run-process"),
        pytest.param(
            ("v1", "profile", "docker_platform_up"),
            marks=[pytest.mark.docker, *flows("AWS CLI v1")],
            id="v1-profile-docker",
        ),
        pytest.param(("v2", "profile", "platform_up"), marks=flows("AWS CLI v2"), id="v2-profile-process"),
    ],
    indirect=True,
)
def test_train_host_invoke_update_and_clean_up(aws: AwsCli, tmp_path: Path) -> None:
    name = f"cli-{uuid.uuid4().hex[:12]}"
    artifacts = train(aws, name, tmp_path / "train.csv")
    read_log(aws, name)
    serve(aws, name, artifacts)
    invoke(aws, name, tmp_path)
    update(aws, name)
    clean_up(aws, name)


def train(aws: AwsCli, name: str, data: Path) -> str:
    """A job on rows in a new bucket; the URI of its model."""
    data.write_text(to_rows([[2 * first + second, first, second] for first, second in ROWS]))
    aws.text("s3", "mb", f"s3://{name}")
    aws.text("s3", "cp", str(data), f"s3://{name}/train/")
    aws.json("sagemaker", "create-training-job", **training_job(aws, name))
    assert aws.wait_while("InProgress", "training_job", name) == "Completed"
    aws.text("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    described = aws.json("sagemaker", "describe-training-job", training_job_name=name)
    artifacts: str = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert "model.tar.gz" in aws.text("s3", "ls", artifacts)
    jobs = aws.json("sagemaker", "list-training-jobs", name_contains=name)["TrainingJobSummaries"]
    assert [summary["TrainingJobStatus"] for summary in jobs] == ["Completed"]
    return artifacts


def training_job(aws: AwsCli, name: str) -> dict[str, Any]:
    """The options of create-training-job."""
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{name}/train/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {
        "training_job_name": name,
        "role_arn": aws.role,
        "algorithm_specification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "hyper_parameters": {"num_round": "3", "objective": "reg:squarederror"},
        "input_data_config": [
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        ],
        "output_data_config": {"S3OutputPath": f"s3://{name}/out"},
        "resource_config": "InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=10",
        "stopping_condition": "MaxRuntimeInSeconds=600",
    }


def read_log(aws: AwsCli, name: str) -> None:
    """The job's log by get-log-events and by filter-log-events."""
    (stream,) = aws.json(
        "logs", "describe-log-streams", log_group_name=GROUP, log_stream_name_prefix=f"{name}/"
    )["logStreams"]
    events = aws.json(
        *("logs", "get-log-events", "--start-from-head"),
        log_group_name=GROUP,
        log_stream_name=stream["logStreamName"],
    )["events"]
    assert any("train-rmse" in event["message"] for event in events)
    filtered = aws.json("logs", "filter-log-events", log_group_name=GROUP, log_stream_name_prefix=f"{name}/")
    assert [event["message"] for event in filtered["events"]] == [event["message"] for event in events]


def serve(aws: AwsCli, name: str, artifacts: str) -> None:
    """Model, configuration and endpoint of one name, in service."""
    aws.json(
        *("sagemaker", "create-model"),
        model_name=name,
        execution_role_arn=aws.role,
        primary_container={"Image": XGBOOST, "ModelDataUrl": artifacts},
    )
    create_config(aws, name, "first", model=name)
    aws.json("sagemaker", "create-endpoint", endpoint_name=name, endpoint_config_name=name)
    assert aws.wait_while("Creating", "endpoint", name) == "InService"
    aws.text("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", name)
    for what, member in (
        ("list-models", "Models"),
        ("list-endpoint-configs", "EndpointConfigs"),
        ("list-endpoints", "Endpoints"),
    ):
        assert len(aws.json("sagemaker", what, name_contains=name)[member]) == 1


def create_config(aws: AwsCli, name: str, *variants: str, model: str) -> None:
    """A configuration with variants of one instance, in the CLI's own shorthand instead of JSON."""
    options = [
        f"VariantName={variant},ModelName={model},InstanceType=ml.m5.large,InitialInstanceCount=1"
        for variant in variants
    ]
    aws.text(
        *("sagemaker", "create-endpoint-config", "--endpoint-config-name", name),
        *("--production-variants", *options),
    )


def invoke(aws: AwsCli, name: str, folder: Path) -> None:
    """A body from a file, which both versions send as it is."""
    body, answer = folder / "body.csv", folder / "answer.csv"
    body.write_text(to_rows(ROWS[:3]))
    told = aws.json(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", name, "--body", f"fileb://{body}"),
        *("--content-type", "text/csv", "--accept", "text/csv", str(answer)),
    )
    assert told["InvokedProductionVariant"] == "first"
    assert len([float(line) for line in answer.read_text().split()]) == 3


def update(aws: AwsCli, name: str) -> None:
    """To another configuration, then to other weights and counts."""
    create_config(aws, f"{name}-two", "first", "second", model=name)
    aws.json("sagemaker", "update-endpoint", endpoint_name=name, endpoint_config_name=f"{name}-two")
    assert aws.wait_while("Updating", "endpoint", name) == "InService"
    aws.text(
        *("sagemaker", "update-endpoint-weights-and-capacities", "--endpoint-name", name),
        "--desired-weights-and-capacities",
        *("VariantName=first,DesiredWeight=0,DesiredInstanceCount=1", "VariantName=second,DesiredWeight=1"),
    )
    assert aws.wait_while("Updating", "endpoint", name) == "InService"
    query = "ProductionVariants[].[VariantName, CurrentWeight, CurrentInstanceCount]"
    told = aws.json("sagemaker", "describe-endpoint", "--endpoint-name", name, "--query", query)
    assert told == [["first", 0.0, 1], ["second", 1.0, 1]]


def clean_up(aws: AwsCli, name: str) -> None:
    """Delete everything; what is gone can't be described."""
    aws.text("sagemaker", "delete-endpoint", "--endpoint-name", name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.wait_while("Deleting", "endpoint", name)
    aws.text("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", name)
    gone = aws.run("sagemaker", "describe-endpoint", "--endpoint-name", name)
    assert "(ValidationException)" in gone.error
    aws.text("sagemaker", "delete-endpoint-config", "--endpoint-config-name", name)
    aws.text("sagemaker", "delete-endpoint-config", "--endpoint-config-name", f"{name}-two")
    aws.text("sagemaker", "delete-model", "--model-name", name)
    aws.text("s3", "rb", "--force", f"s3://{name}")
    left = aws.text("sagemaker", "list-models", "--name-contains", name, "--query", "length(Models)")
    assert json.loads(left) == 0
