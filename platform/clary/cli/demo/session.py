"""What every step of the demo uses: plain boto3 clients and the names of what it makes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What sagemaker.image_uris.retrieve("xgboost", "us-east-1", "1.7-1") gives.
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
INSTANCE_TYPE = "ml.m5.large"
EXECUTION_ROLE = "ClaryExecutionRole"


@dataclass(frozen=True, slots=True)
class Session:
    """Clients and names. The endpoint, its configuration, the model and the job share one name."""

    s3: Any
    sagemaker: Any
    runtime: Any
    logs: Any
    iam: Any
    bucket: str
    name: str

    @classmethod
    def open(cls, environment: Mapping[str, str]) -> "Session":
        """Clients by the variables that ``clary env`` prints."""
        import boto3

        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        url = environment["AWS_ENDPOINT_URL"]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return cls(
            s3=session.client("s3", endpoint_url=url),
            sagemaker=session.client("sagemaker", endpoint_url=url),
            runtime=session.client("sagemaker-runtime", endpoint_url=url),
            logs=session.client("logs", endpoint_url=url),
            iam=session.client("iam", endpoint_url=url),
            bucket=f"clary-demo-{stamp}",
            name=f"clary-demo-{stamp}",
        )

    def role(self) -> str:
        """The ARN of the role that jobs run as."""
        found: str = self.iam.get_role(RoleName=EXECUTION_ROLE)["Role"]["Arn"]
        return found
