"""Training jobs as a user runs them: boto3, a bucket, and scripts in the place of an algorithm."""

import io
import tarfile
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from support.running import RunningPlatform
from support.waiting import wait_for

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ENDS = {"Completed", "Failed", "Stopped"}
Described = dict[str, Any]


class Jobs:
    """One user of one platform, with a bucket of its own; ``s3`` is a client of the store, if another's.

    ``patience`` is how long (seconds) a job may take.
    """

    def __init__(self, platform: RunningPlatform, *, s3: Any = None, patience: float = 60) -> None:
        self.platform = platform
        self.patience = patience
        self.sagemaker = platform.client("sagemaker")
        self.s3 = s3 or platform.client("s3")
        self.logs = platform.client("logs")
        self.bucket = f"jobs-{uuid.uuid4().hex[:12]}"
        self.role = f"arn:aws:iam::{platform.account}:role/ClaryExecutionRole"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, files: Mapping[str, bytes | str]) -> str:
        """Store objects below a prefix of their own; its URI, ended by a slash."""
        prefix = f"data/{uuid.uuid4().hex[:8]}/"
        for name, body in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=prefix + name, Body=body)
        return f"s3://{self.bucket}/{prefix}"

    def get(self, uri: str) -> bytes:
        """The object at a URI."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, uri: str) -> set[str]:
        """What lies below a URI, by relative key."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {entry["Key"].removeprefix(prefix) for entry in listed}

    def unpack(self, uri: str) -> dict[str, str]:
        """The files of the tar.gz at a URI, as text."""
        with tarfile.open(fileobj=io.BytesIO(self.get(uri)), mode="r:gz") as archive:
            return {
                member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
                for member in archive
                if member.isfile()
            }

    def request(self, script: str | None = None, *, hosts: int = 1, **members: Any) -> dict[str, Any]:
        """A CreateTrainingJob request. ``script`` runs in a shell, in the container's /opt/ml."""
        algorithm: dict[str, Any] = {"TrainingImage": XGBOOST, "TrainingInputMode": "File"}
        if script is not None:
            algorithm["ContainerEntrypoint"] = ["sh", "-c"]
            algorithm["ContainerArguments"] = [f"cd $CLARY_ML_ROOT; {script}"]
        name = f"job-{uuid.uuid4().hex[:16]}"
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": algorithm,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": hosts,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **members,
        }

    def create(self, script: str | None = None, **members: Any) -> str:
        """Start a job; its name."""
        request = self.request(script, **members)
        self.sagemaker.create_training_job(**request)
        name: str = request["TrainingJobName"]
        return name

    def run(self, script: str | None = None, *, status: str = "Completed", **members: Any) -> Described:
        """Run a job to its end, which must be ``status``, and describe it."""
        return self.finish(self.create(script, **members), status=status)

    def finish(self, name: str, *, status: str = "Completed") -> Described:
        """Wait for a job's end, which must be ``status``, and describe it."""
        ended = wait_for(lambda: self._ended(name), seconds=self.patience, what=f"the end of {name}")
        assert ended["TrainingJobStatus"] == status, ended.get("FailureReason") or self.lines(name)
        return ended

    def stop(self, name: str) -> Described:
        """Ask for the stop of a job, wait until it has stopped, and describe it."""
        self.sagemaker.stop_training_job(TrainingJobName=name)
        return self.finish(name, status="Stopped")

    def stop_all(self) -> None:
        """Stop what failed tests left running: containers outlive their platform."""
        pages = self.sagemaker.get_paginator("list_training_jobs").paginate(StatusEquals="InProgress")
        for name in [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]:
            self.stop(name)

    def describe(self, name: str) -> Described:
        """What the platform says of a job now."""
        described: Described = self.sagemaker.describe_training_job(TrainingJobName=name)
        return described

    def reach(self, name: str, secondary: str) -> None:
        """Wait until a job has entered a secondary status."""
        wait_for(
            lambda: secondary in statuses(self.describe(name)),
            seconds=self.patience,
            what=f"{secondary} of {name}",
        )

    def says(self, name: str, text: str) -> None:
        """Wait until a line of a job's log holds the text."""
        wait_for(
            lambda: any(text in line for line in self.lines(name)),
            seconds=self.patience,
            what=f"{text!r} in the log",
        )

    def streams(self, name: str) -> list[str]:
        """A job's log streams."""
        try:
            answer = self.logs.describe_log_streams(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
            )
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    def lines(self, name: str) -> list[str]:
        """What a job's hosts printed so far, one host after the other."""
        return [
            event["message"]
            for stream in self.streams(name)
            for event in self.logs.get_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream, startFromHead=True
            )["events"]
        ]

    def model(self, described: Described) -> dict[str, str]:
        """The files of the model that a job made."""
        return self.unpack(described["ModelArtifacts"]["S3ModelArtifacts"])

    def leftovers(self) -> list[str]:
        """Folders and containers of jobs on this machine, whoever's they are."""
        folder = self.platform.data_dir
        places = (folder / "jobs", folder / "run" / "containers", folder / "run" / "networks")
        return [str(path) for place in places if place.is_dir() for path in place.iterdir()]

    def _ended(self, name: str) -> Described | None:
        described = self.describe(name)
        return described if described["TrainingJobStatus"] in ENDS else None


def channel(name: str, uri: str, **members: Any) -> dict[str, Any]:
    """An input channel; keywords of S3DataSource (``S3DataType``, …) go into it, others beside it."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    for member in ("S3DataType", "S3DataDistributionType", "AttributeNames", "InstanceGroupNames"):
        if member in members:
            source[member] = members.pop(member)
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **members}


def refusal(call: Callable[..., Any], **arguments: Any) -> str | None:
    """The error code that a call is refused with; None where it is answered."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def statuses(described: Described) -> list[str]:
    """The secondary statuses that a job went through, less repetitions."""
    passed = [each["Status"] for each in described.get("SecondaryStatusTransitions", [])]
    return [each for index, each in enumerate(passed) if passed[index - 1 : index] != [each]]
