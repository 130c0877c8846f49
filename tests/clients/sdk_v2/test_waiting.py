"""Jobs of every sort that an Estimator can ask for, each waited for in another way."""

from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.jobs import Jobs
from support.running import RunningPlatform

CLIENT = "SageMaker SDK v2"
pytestmark = pytest.mark.xdist_group("sdk-v2-waiting")


@pytest.fixture(scope="module")
def waiting(platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/waiting.py``, run once."""
    return run_script(platform_up, "waiting")


@pytest.mark.flow(CLIENT, "Estimator with spot instances and checkpoints, fit(wait=False), wait")
def test_a_spot_job_with_checkpoints_ends_and_tells_the_savings(waiting: FlowScript) -> None:
    spot = waiting["spot"]
    assert (spot["status"], spot["spot"]) == ("Completed", True)
    assert "Managed Spot Training savings: 0.0%" in waiting.output
    jobs = Jobs(waiting.platform)
    assert spot["checkpoints"] == jobs.describe(spot["job"])["CheckpointConfig"]
    assert "xgboost-checkpoint.4" in jobs.keys(f"{spot['checkpoints']['S3Uri']}/")


@pytest.mark.flow(CLIENT, "UnexpectedStatusException with the job's FailureReason")
def test_a_failed_job_raises_with_its_reason(waiting: FlowScript) -> None:
    failed = waiting["failing"]
    assert (failed["actual"], failed["allowed"]) == ("Failed", ["Completed", "Stopped"])
    assert "Failed. Reason: ClientError: Hyperparameter max_depth: could not parse value" in failed["message"]


@pytest.mark.flow(CLIENT, "Estimator with network isolation, two hosts, ShardedByS3Key")
def test_an_isolated_job_trains_on_shards(waiting: FlowScript) -> None:
    isolated = waiting["isolated"]
    assert (isolated["status"], isolated["isolated"], isolated["hosts"]) == ("Completed", True, 2)
    lines = Jobs(waiting.platform).lines(isolated["job"])
    assert sum("Train matrix has 16 rows" in line for line in lines) == 2


@pytest.mark.flow(CLIENT, "record_set: protobuf behind a manifest")
def test_a_record_set_is_trained_on(waiting: FlowScript) -> None:
    records = waiting["records"]
    assert records["status"] == "Completed"
    lines = Jobs(waiting.platform).lines(records["job"])
    assert any("Train matrix has 32 rows and 1 columns" in line for line in lines)


@pytest.mark.flow(CLIENT, "S3Downloader.download of a model")
def test_the_artifact_is_downloaded(waiting: FlowScript) -> None:
    assert waiting["model"] == ["model.tar.gz"]


@pytest.mark.flow(CLIENT, "S3Uploader, S3Downloader, Session.list_s3_files")
def test_files_are_uploaded_listed_and_read(waiting: FlowScript) -> None:
    files, platform = waiting["files"], waiting.platform
    bucket = f"sagemaker-{platform.region}-{platform.account}"
    assert files["keys"] == ["waiting/shards/0.csv", "waiting/shards/1.csv"]
    assert files["uris"] == [f"s3://{bucket}/{key}" for key in files["keys"]]
    assert files["text"].startswith("0.0,0.0\n4.0,2.0\n")
