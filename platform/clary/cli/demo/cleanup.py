"""Remove everything the demo made, as far as it came."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from clary.cli.demo.session import Session

GONE = {"ValidationException", "ResourceNotFound", "NoSuchBucket"}


def clean_up(session: Session) -> None:
    """Endpoint, configuration, model, job, objects, bucket. What was never made is passed over."""
    sagemaker = session.sagemaker
    _try(sagemaker.delete_endpoint, EndpointName=session.name)
    _try(sagemaker.delete_endpoint_config, EndpointConfigName=session.name)
    _try(sagemaker.delete_model, ModelName=session.name)
    _try(sagemaker.stop_training_job, TrainingJobName=session.name)
    deletion = {"Delay": 0.2, "MaxAttempts": 300}
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=session.name, WaiterConfig=deletion)
    _try(_empty_bucket, session=session)


def _empty_bucket(session: Session) -> None:
    pages = session.s3.get_paginator("list_objects_v2").paginate(Bucket=session.bucket)
    for page in pages:
        keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if keys:
            session.s3.delete_objects(Bucket=session.bucket, Delete={"Objects": keys})
    session.s3.delete_bucket(Bucket=session.bucket)


def _try(call: Callable[..., Any], **arguments: Any) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
