"""Upload the data, train, follow the log."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from clary.cli.demo.baseline import HYPERPARAMETERS
from clary.cli.demo.data import Split, to_csv
from clary.cli.demo.session import IMAGE, INSTANCE_TYPE, Session

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
POLL_SECONDS = 0.1
JOB_SECONDS = 3600


class DemoFailed(Exception):
    """The demo can't go on; the text says why."""


def upload(session: Session, split: Split) -> int:
    """Put the training rows to S3 as CSV; returns the bytes sent."""
    body = to_csv(split.train_features, split.train_labels)
    session.s3.create_bucket(Bucket=session.bucket)
    session.s3.put_object(Bucket=session.bucket, Key="train/data.csv", Body=body, ContentType="text/csv")
    return len(body)


def start_training(session: Session) -> None:
    """Ask for the job, as any SageMaker code would."""
    session.sagemaker.create_training_job(
        TrainingJobName=session.name,
        RoleArn=session.role(),
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters=HYPERPARAMETERS,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{session.bucket}/train/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{session.bucket}/output/"},
        ResourceConfig={"InstanceType": INSTANCE_TYPE, "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": JOB_SECONDS},
    )


def follow_training(session: Session, say: Callable[[str], None]) -> dict[str, Any]:
    """Hand on the job's log as it is written, until the job is over; returns its description."""
    log = JobLog(session)
    status = ""
    while True:
        job: dict[str, Any] = session.sagemaker.describe_training_job(TrainingJobName=session.name)
        if job["SecondaryStatus"] != status:
            status = job["SecondaryStatus"]
            say(f"[{status}] {job['SecondaryStatusTransitions'][-1].get('StatusMessage', '')}")
        over = job["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"}
        for line in log.read_new():
            say(line)
        if over:
            break
        time.sleep(POLL_SECONDS)
    if job["TrainingJobStatus"] != "Completed":
        raise DemoFailed(f"The training job ended as {job['TrainingJobStatus']}: {job.get('FailureReason')}")
    return job


class JobLog:
    """The job's streams in the logs service, read from where the last look ended."""

    def __init__(self, session: Session) -> None:
        self._logs = session.logs
        self._prefix = f"{session.name}/"
        self._tokens: dict[str, str] = {}

    def read_new(self) -> list[str]:
        """Lines since the last look."""
        return [line for stream in self._find_streams() for line in self._read(stream)]

    def _find_streams(self) -> list[str]:
        try:
            answer = self._logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=self._prefix)
        except ClientError as error:
            # The group comes with the first line of the first job.
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    def _read(self, stream: str) -> list[str]:
        lines: list[str] = []
        while True:
            token = self._tokens.get(stream)
            answer = self._logs.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            lines += [event["message"] for event in answer["events"]]
            self._tokens[stream] = answer["nextForwardToken"]
            if not answer["events"]:
                return lines
