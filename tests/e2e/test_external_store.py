"""A platform whose objects lie on an S3 server that is not ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.flow import Flow
from support.jobs import channel, statuses
from support.refusing import refusal
from support.running import clean_environment, run_clary, running_platform, troubles
from support.s3servers import (
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SERVERS,
    S3Server,
    s3_client_of,
    s3_server,
)
from support.waiting import wait_for


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A store on loopback, which every test leaves running."""
    with s3_server(request.param, tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


@pytest.fixture(scope="module")
def flow(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """A user of a platform on that store; S3 requests go there directly."""
    folder = tmp_path_factory.mktemp("platform")
    with running_platform(folder, "--runtime", "process", **variables(server.url)) as platform:
        yield Flow(platform, s3=s3_client_of(server.url))


def test_training_and_hosting_use_the_store(flow: Flow) -> None:
    model = flow.train()
    assert flow.keys(model) == {""}
    endpoint = flow.host(model)
    flow.check(endpoint)
    flow.take_down(endpoint)
    assert not (flow.platform.data_dir / "objects").exists()


def test_one_url_serves_for_everything(flow: Flow) -> None:
    user = Flow(flow.platform)
    assert user.keys(user.train()) == {""}


def test_containers_reach_the_store_through_the_platform(flow: Flow) -> None:
    put = f"boto3.client('s3').put_object(Bucket='{flow.bucket}', Key='made', Body=b'inside')"
    flow.run(f'python -c "import boto3; {put}"')
    assert flow.get(f"s3://{flow.bucket}/made") == b"inside"


def test_checkpoints_are_kept_in_the_store(flow: Flow) -> None:
    uri = flow.put({"old": "1"})
    described = flow.run(
        "cp checkpoints/old model; echo 2 > checkpoints/new", CheckpointConfig={"S3Uri": uri}
    )
    assert flow.model(described) == {"old": "1"}
    assert flow.keys(uri) == {"old", "new"}


@pytest.mark.parametrize("uri", ["s3://no-such-bucket-anywhere/rows", "s3://{bucket}/no/such/prefix"])
def test_data_that_is_not_there_is_refused_as_ever(flow: Flow, uri: str) -> None:
    uri = uri.format(bucket=flow.bucket)
    request = flow.request(InputDataConfig=[channel("train", uri)])
    refused = refusal(flow.sagemaker.create_training_job, **request)
    assert refused.code == "ValidationException"
    assert f'No S3 objects found under S3 URL "{uri}"' in refused.message


def test_a_bucket_that_is_not_there_fails_the_upload(flow: Flow) -> None:
    output = {"S3OutputPath": "s3://no-such-bucket-anywhere/out"}
    described = flow.run("true", status="Failed", OutputDataConfig=output)
    assert described["FailureReason"].startswith("ClientError: Artifact upload failed:NoSuchBucket (404)")


def test_new_jobs_are_refused_while_the_store_is_away(flow: Flow, server: S3Server) -> None:
    request = flow.request(InputDataConfig=[channel("train", flow.upload())])
    server.stop()
    try:
        refused = refusal(flow.sagemaker.create_training_job, **request)
    finally:
        server.start()
    assert refused[::2] == ("ServiceUnavailable", 503)
    assert server.url in refused.message
    flow.sagemaker.create_training_job(**request)
    flow.stop(request["TrainingJobName"])


def test_a_running_job_waits_for_a_store_that_is_away(flow: Flow, server: S3Server) -> None:
    checkpoints = f"s3://{flow.bucket}/away/"
    script = "echo 1 > checkpoints/a; echo kept > model/m; until rm model/go; do sleep 0.05; done"
    name = flow.create(script, CheckpointConfig={"S3Uri": checkpoints})
    data_dir = flow.platform.data_dir
    model = wait_for(lambda: next(data_dir.glob("jobs/**/model/m"), None), what="the model")
    log = data_dir / "logs" / "platform" / "controller.log"
    server.stop()
    try:
        model.with_name("go").touch()
        wait_for(lambda: f"{name}: step failed" in log.read_text(), what="a failed upload")
        assert server.url in log.read_text()
        assert "does not answer" in troubles(flow.platform)["store"]
        assert flow.describe(name)["TrainingJobStatus"] == "InProgress"
    finally:
        server.start()
    described = flow.finish(name)
    assert troubles(flow.platform) == {}
    assert flow.model(described) == {"m": "kept\n"}
    assert statuses(described)[-2:] == ["Uploading", "Completed"]
    assert flow.keys(checkpoints) == {"a"}
    # The pauses grow: a store that is away for seconds costs a handful of attempts.
    assert log.read_text().count(f"{name}: step failed") < 6


def test_an_endpoint_without_its_model_fails_by_the_stores_name(flow: Flow, server: S3Server) -> None:
    model = flow.train()
    server.stop()
    try:
        endpoint = flow.start_hosting(model)
        reason = flow.settle(endpoint, status="Failed")["FailureReason"]
    finally:
        server.start()
    assert model in reason
    assert server.url in reason
    flow.take_down(endpoint)


def test_an_endpoint_serves_while_the_store_is_away(flow: Flow, server: S3Server) -> None:
    endpoint = flow.host(flow.train())
    server.stop()
    try:
        flow.check(endpoint)
    finally:
        server.start()
    flow.take_down(endpoint)


def test_the_doctor_examines_the_store(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with s3_server("rclone", tmp_path / "elsewhere") as server:
        chosen = clean_environment(CLARY_DATA_DIR=str(tmp_path), **variables(server.url))
        sound = run_clary("doctor", environment=chosen)
        stranger = run_clary("doctor", environment=chosen | {"CLARY_S3_SECRET_ACCESS_KEY": "wrong"})
    away = run_clary("doctor", environment=chosen)
    assert f"Objects: kept at {server.url}, which answers" in sound.stdout
    assert (stranger.returncode, away.returncode) == (1, 1)
    assert "-> Check CLARY_S3_ACCESS_KEY_ID and CLARY_S3_SECRET_ACCESS_KEY" in stranger.stdout
    assert "-> Check CLARY_S3_ENDPOINT_URL" in away.stdout


def variables(url: str) -> dict[str, str]:
    """The settings that name a store."""
    return {
        "CLARY_S3_ENDPOINT_URL": url,
        "CLARY_S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "CLARY_S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
