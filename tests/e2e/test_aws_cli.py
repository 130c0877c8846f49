"""The whole flow by the AWS CLI, version 1, as a user types it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.endpoints import XGBOOST, to_rows
from support.running import RunningPlatform
from support.waiting import wait_for

ROLE = "arn:aws:iam::000000000000:role/ClaryExecutionRole"
ROWS = [[float(x), float(x % 3)] for x in range(40)]
SECONDS = 120


class Cli:
    """``aws`` with the environment of a platform."""

    def __init__(self, platform: RunningPlatform) -> None:
        self.sagemaker = platform.client("sagemaker")
        # What it prints must not depend on the machine's locale, nor wait for a pager.
        self._environment = platform.environment | {"AWS_PAGER": "", "PYTHONUTF8": "1", "PYTHONWARNINGS": ""}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "awscli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def text(self, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def json(self, *arguments: str, **members: Any) -> Any:
        """What a command answers; members go as options, in JSON where they are not text."""
        options = [part for name, value in members.items() for part in (_option(name), _value(value))]
        printed = self.text(*arguments, *options, "--output", "json")
        return json.loads(printed) if printed else None

    def wait_while(self, status: str, what: str, name: str) -> str:
        """Wait until a training job or an endpoint has another status; that status.

        By boto3: the CLI takes half a second to start, and its waiters look every 30 or 120 seconds.
        """
        describe = getattr(self.sagemaker, f"describe_{what}")
        member = f"{what.title().replace('_', '')}"

        def look() -> str | None:
            found: str = describe(**{f"{member}Name": name})[f"{member}Status"]
            return None if found == status else found

        found = wait_for(look, seconds=SECONDS, what=f"the end of {status} for {name}")
        assert found is not None
        return found


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture(params=["platform_up", pytest.param("docker_platform_up", marks=pytest.mark.docker)])
def aws(request: pytest.FixtureRequest) -> Cli:
    """The CLI on each runtime in turn."""
    return Cli(request.getfixturevalue(request.param))


def training_job(name: str, bucket: str) -> Mapping[str, Any]:
    """The options of create-training-job."""
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{bucket}/train/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {
        "training_job_name": name,
        "role_arn": ROLE,
        "algorithm_specification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "hyper_parameters": {"num_round": "3", "objective": "reg:squarederror"},
        "input_data_config": [
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        ],
        "output_data_config": {"S3OutputPath": f"s3://{bucket}/out"},
        "resource_config": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "stopping_condition": {"MaxRuntimeInSeconds": 600},
    }


def test_files_are_copied_listed_synchronised_and_removed(
    platform_up: RunningPlatform, tmp_path: Path
) -> None:
    aws = Cli(platform_up)
    bucket = f"cli-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "tree"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.txt").write_text("one")
    (folder / "deep" / "two.txt").write_bytes(b"\x00" * (9 << 20))  # past 8 MB: in parts
    assert f"make_bucket: {bucket}" in aws.text("s3", "mb", f"s3://{bucket}")
    assert bucket in aws.text("s3", "ls")
    aws.text("s3", "sync", str(folder), f"s3://{bucket}/tree")
    assert aws.text("s3", "sync", str(folder), f"s3://{bucket}/tree") == ""
    listed = aws.text("s3", "ls", "--recursive", f"s3://{bucket}/")
    assert [line.split()[2:] for line in listed.splitlines()] == [
        ["9437184", "tree/deep/two.txt"],
        ["3", "tree/one.txt"],
    ]
    assert aws.text("s3", "cp", f"s3://{bucket}/tree/one.txt", "-") == "one"
    back = tmp_path / "back.bin"
    aws.text("s3", "cp", f"s3://{bucket}/tree/deep/two.txt", str(back))
    assert back.read_bytes() == (folder / "deep" / "two.txt").read_bytes()
    aws.text("s3", "rb", "--force", f"s3://{bucket}")
    assert bucket not in aws.text("s3", "ls")


def test_train_host_invoke_and_clean_up(aws: Cli, tmp_path: Path) -> None:
    name = f"cli-{uuid.uuid4().hex[:12]}"
    data = tmp_path / "train.csv"
    data.write_text(to_rows([[2 * first + second, first, second] for first, second in ROWS]))
    aws.text("s3", "mb", f"s3://{name}")
    aws.text("s3", "cp", str(data), f"s3://{name}/train/")

    aws.json("sagemaker", "create-training-job", **training_job(name, name))
    job = ("sagemaker", "describe-training-job", "--training-job-name", name)
    assert aws.wait_while("InProgress", "training_job", name) == "Completed"
    aws.text("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    artifacts = aws.json(*job)["ModelArtifacts"]["S3ModelArtifacts"]
    assert "model.tar.gz" in aws.text("s3", "ls", artifacts)
    jobs = aws.json("sagemaker", "list-training-jobs", name_contains=name)["TrainingJobSummaries"]
    assert [summary["TrainingJobStatus"] for summary in jobs] == ["Completed"]
    follow_logs(aws, name)

    serve(aws, name, artifacts)
    body = "\n".join(f"{first},{second}" for first, second in ROWS[:3])
    answer = tmp_path / "answer.csv"
    told = aws.json(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", name, "--body", body),
        *("--content-type", "text/csv", "--accept", "text/csv", str(answer)),
    )
    assert told["InvokedProductionVariant"] == "AllTraffic"
    assert len([float(line) for line in answer.read_text().split()]) == 3
    clean_up(aws, name)


def follow_logs(aws: Cli, name: str) -> None:
    """The job's log by get-log-events and by filter-log-events."""
    group = "/aws/sagemaker/TrainingJobs"
    (stream,) = aws.json(
        "logs", "describe-log-streams", log_group_name=group, log_stream_name_prefix=f"{name}/"
    )["logStreams"]
    events = aws.json(
        *("logs", "get-log-events", "--start-from-head"),
        log_group_name=group,
        log_stream_name=stream["logStreamName"],
    )["events"]
    assert any("train-rmse" in event["message"] for event in events)
    filtered = aws.json("logs", "filter-log-events", log_group_name=group, log_stream_name_prefix=f"{name}/")[
        "events"
    ]
    assert [event["message"] for event in filtered] == [event["message"] for event in events]


def serve(aws: Cli, name: str, artifacts: str) -> None:
    """Model, configuration and endpoint of one name, in service."""
    aws.json(
        "sagemaker",
        "create-model",
        model_name=name,
        execution_role_arn=ROLE,
        primary_container={"Image": XGBOOST, "ModelDataUrl": artifacts},
    )
    # The CLI's own shorthand instead of JSON.
    variant = f"VariantName=AllTraffic,ModelName={name},InstanceType=ml.m5.large,InitialInstanceCount=1"
    aws.json("sagemaker", "create-endpoint-config", endpoint_config_name=name, production_variants=variant)
    aws.json("sagemaker", "create-endpoint", endpoint_name=name, endpoint_config_name=name)
    assert aws.wait_while("Creating", "endpoint", name) == "InService"
    aws.text("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", name)
    for what, member in (
        ("list-models", "Models"),
        ("list-endpoint-configs", "EndpointConfigs"),
        ("list-endpoints", "Endpoints"),
    ):
        assert len(aws.json("sagemaker", what, name_contains=name)[member]) == 1


def clean_up(aws: Cli, name: str) -> None:
    """Delete everything; what is gone can't be described."""
    aws.text("sagemaker", "delete-endpoint", "--endpoint-name", name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.wait_while("Deleting", "endpoint", name)
    aws.text("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", name)
    gone = aws.run("sagemaker", "describe-endpoint", "--endpoint-name", name)
    assert "(ValidationException)" in gone.stderr
    aws.text("sagemaker", "delete-endpoint-config", "--endpoint-config-name", name)
    aws.text("sagemaker", "delete-model", "--model-name", name)
    aws.text("s3", "rm", "--recursive", f"s3://{name}")
