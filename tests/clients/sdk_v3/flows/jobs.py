"""Training jobs as resources: ``jobs.py`` runs all flows, a line of JSON each."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Tag, TrainingJob
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    MetricDefinition,
    OutputDataConfig,
    ResourceConfig,
    StoppingCondition,
)
from sagemaker.core.utils.exceptions import FailedStatusError, TimeoutExceededError
from sagemaker.core.utils.utils import configure_logging

configure_logging("INFO")
session = Session()
role = get_execution_role()
image = image_uris.get_base_python_image_uri(session.boto_region_name)
prefix = f"sdk-v3-{uuid.uuid4().hex[:8]}"
started = datetime.now(UTC)


def create(name: str, script: str) -> TrainingJob:
    return TrainingJob.create(
        training_job_name=f"{prefix}-{name}",
        role_arn=role,
        algorithm_specification=AlgorithmSpecification(
            training_image=image,
            training_input_mode="File",
            container_entrypoint=["bash", "-c"],
            container_arguments=[script],
            metric_definitions=[MetricDefinition(name="loss", regex="loss=([0-9.]+)")],
        ),
        hyper_parameters={"epochs": "3"},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/sdk-v3"),
        resource_config=ResourceConfig(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=10),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        tags=[Tag(key="team", value="blue")],
    )


def complete() -> dict[str, Any]:
    job = create("complete", "for loss in 0.5 0.25; do echo loss=$loss; done; echo weights > /opt/ml/model/w")
    first = job.training_job_status
    job.wait(poll=1, logs=True)
    return {
        "job": job.training_job_name,
        "statuses": [first, job.training_job_status],
        "metrics": {metric.metric_name: metric.value for metric in job.final_metric_data_list},
        "hyperparameters": job.hyper_parameters,
    }


def fail() -> dict[str, Any]:
    job = create("fail", "echo 'no rows' > /opt/ml/output/failure; exit 4")
    try:
        job.wait(poll=1)
    except FailedStatusError as error:
        return {"error": str(error), "reason": job.failure_reason}
    return {"error": None}


def stop() -> dict[str, Any]:
    job = create("stop", "sleep 600")
    try:
        job.wait(poll=1, timeout=1)
    except TimeoutExceededError as error:
        waited = str(error)
    job.stop()
    job.refresh()
    stopping = job.training_job_status
    job.wait(poll=1)
    return {"waited": waited, "statuses": [stopping, job.training_job_status]}


def find() -> dict[str, Any]:
    return {
        "all": names(),
        "failed": names(status_equals="Failed"),
        "sorted": names(sort_by="Name", sort_order="Ascending", creation_time_after=started),
        "earlier": names(creation_time_before=started),
        "got": TrainingJob.get(f"{prefix}-complete").training_job_arn,
        "missing": refusal_of_get("missing"),
    }


def names(**filters: Any) -> list[str]:
    found = TrainingJob.get_all(name_contains=prefix, **filters)
    return [job.training_job_name.removeprefix(f"{prefix}-") for job in found]


def refusal_of_get(name: str) -> str | None:
    try:
        TrainingJob.get(f"{prefix}-{name}")
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return None


def tag() -> dict[str, Any]:
    arn = TrainingJob.get(f"{prefix}-complete").training_job_arn
    before = tags_of(arn)
    Tag.add_tags(resource_arn=arn, tags=[{"key": "stage", "value": "test"}])
    added = tags_of(arn)
    Tag.delete_tags(resource_arn=arn, tag_keys=["team"])
    return {"before": before, "added": added, "after": tags_of(arn)}


def tags_of(arn: str) -> dict[str, str]:
    return {tag.key: tag.value for tag in Tag.get_all(resource_arn=arn)}


def delete() -> dict[str, Any]:
    job = TrainingJob.get(f"{prefix}-fail")
    job.delete()
    job.wait_for_delete(poll=1)
    return {"left": names()}


for flow in (complete, fail, stop, find, tag, delete):
    result = json.dumps({"flow": flow.__name__, "result": flow()})
    # One write, on a line of its own: what waits leaves lines without an end, threads log meanwhile.
    print(f"\n{result}\n", end="", flush=True)
