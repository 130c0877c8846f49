"""The SDK in another region than the platform's own: its images, bucket and endpoints are that region's."""

from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.running import RunningPlatform

CLIENT = "SageMaker SDK v2"
REGION = "eu-central-1"


@pytest.mark.flow(CLIENT, "Session of another region: fit, deploy, predict, delete")
def test_the_main_flow_runs_in_another_region(
    platform_up: RunningPlatform, run_script: Callable[..., FlowScript]
) -> None:
    assert platform_up.region != REGION
    found = run_script(platform_up, "main_flow", REGION)["main"]
    assert (found["status"], found["prediction"]) == ("Completed", [["8.0"], ["12.0"]])
    there, here = (platform_up.client("sagemaker", region_name=name) for name in (REGION, platform_up.region))
    described = there.describe_training_job(TrainingJobName=found["job"])
    assert f".dkr.ecr.{REGION}." in described["AlgorithmSpecification"]["TrainingImage"]
    assert f"s3://sagemaker-{REGION}-" in described["ModelArtifacts"]["S3ModelArtifacts"]
    assert here.list_training_jobs(NameContains=found["job"])["TrainingJobSummaries"] == []
