"""What comes of a job: artifacts, checkpoints, metrics, reasons of failure."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import Any

import pytest

from support.jobs import Jobs
from support.waiting import wait_for


@pytest.mark.parametrize("path", ["out", "out/", ""])
def test_artifacts_lie_below_the_output_path(jobs: Jobs, path: str) -> None:
    output = f"s3://{jobs.bucket}/{path}".removesuffix("/" if not path else "")
    described = jobs.run(
        "mkdir model/sub; echo m > model/sub/m; echo o > output/data/o; ln -s /etc/hostname model/outside",
        OutputDataConfig={"S3OutputPath": output},
    )
    below = f"{output.rstrip('/')}/{described['TrainingJobName']}/output"
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": f"{below}/model.tar.gz"}
    assert described["OutputDataConfig"] == {"S3OutputPath": output, "KmsKeyId": ""}
    assert jobs.model(described) == {"sub/m": "m\n"}
    assert jobs.unpack(f"{below}/output.tar.gz") == {"o": "o\n"}
    assert jobs.keys(f"{below}/") == {"model.tar.gz", "output.tar.gz"}


def test_an_uncompressed_model_is_stored_file_by_file(jobs: Jobs) -> None:
    described = jobs.run(
        "mkdir model/sub; echo m > model/sub/m; : > model/empty",
        OutputDataConfig={"S3OutputPath": f"s3://{jobs.bucket}/out", "CompressionType": "NONE"},
    )
    below = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert below == f"s3://{jobs.bucket}/out/{described['TrainingJobName']}/output/model/"
    assert jobs.keys(below) == {"sub/m", "empty"}


def test_one_archive_holds_the_models_of_all_hosts(jobs: Jobs) -> None:
    described = jobs.run(
        "echo $CURRENT_HOST | tee model/same model/$CURRENT_HOST; mkdir output/data/$CURRENT_HOST;"
        "if [ $CURRENT_HOST = algo-1 ]; then ln -s /tmp model/place;"
        "else mkdir model/place; : > model/place/x; fi;"
        ": > output/data/$CURRENT_HOST/o",
        hosts=2,
    )
    assert jobs.model(described) == {"same": "algo-1\n", "algo-1": "algo-1\n", "algo-2": "algo-2\n"}
    output = described["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar.gz", "output.tar.gz")
    assert set(jobs.unpack(output)) == {"algo-1/o", "algo-2/o"}


@pytest.mark.parametrize("hosts", [1, 2])
def test_links_in_the_place_of_folders_lead_nowhere(jobs: Jobs, hosts: int) -> None:
    described = jobs.run(
        "rm -r model output/data; ln -s /etc model; ln -s /etc output/data; true",
        hosts=hosts,
    )
    assert jobs.model(described) == {}
    below = f"s3://{jobs.bucket}/out/{described['TrainingJobName']}/output/"
    assert jobs.keys(below) == {"model.tar.gz"}
    failed = jobs.run("rm -r output; ln -s /etc output; ln -s passwd failure; exit 1", status="Failed")
    assert failed["FailureReason"] == "AlgorithmError: , exit code: 1"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo boom > output/failure; exit 3", "AlgorithmError: boom, exit code: 3"),
        ("echo ClientError: bad data > output/failure; exit 1", "ClientError: bad data, exit code: 1"),
        ("echo one; echo two >&2; exit 2", "AlgorithmError: one\ntwo, exit code: 2"),
        ("ln -s /etc/passwd output/failure; exit 1", "AlgorithmError: , exit code: 1"),
        ("kill -9 $$", "AlgorithmError: , exit code: 137"),
    ],
)
def test_a_failed_job_says_why(jobs: Jobs, script: str, reason: str) -> None:
    described = jobs.run(f"echo o > output/data/o; {script}", status="Failed")
    assert described["FailureReason"] == reason
    assert described["SecondaryStatus"] == "Failed"
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": ""}
    below = f"s3://{jobs.bucket}/out/{described['TrainingJobName']}/output/"
    assert jobs.keys(below) == {"output.tar.gz"}


def test_a_long_reason_is_cut(jobs: Jobs) -> None:
    described = jobs.run("seq 2000 > output/failure; exit 1", status="Failed")
    assert described["FailureReason"].startswith("AlgorithmError: 1\n2\n")
    assert described["FailureReason"].endswith(", exit code: 1")
    assert len(described["FailureReason"]) <= 1024


def test_a_host_that_fails_ends_the_others(jobs: Jobs) -> None:
    described = jobs.run(
        "if [ $CURRENT_HOST = algo-2 ]; then echo boom > output/failure; exit 4; fi; sleep 60",
        hosts=2,
        status="Failed",
    )
    assert described["FailureReason"] == "AlgorithmError: boom, exit code: 4"


def test_memory_that_the_instance_lacks_is_refused(jobs: Jobs) -> None:
    described = jobs.run('python -c "bytearray(1 << 45)"', status="Failed")
    assert "MemoryError" in described["FailureReason"]


def test_a_bucket_that_is_not_there_fails_the_upload(jobs: Jobs) -> None:
    described = jobs.run(
        "true", status="Failed", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket-anywhere/out"}
    )
    assert described["FailureReason"].startswith("ClientError: Artifact upload failed:NoSuchBucket (404)")


@pytest.mark.parametrize("local", [None, "/opt/ml/checkpoints/", "/kept/here"])
def test_checkpoints_are_fetched_first_and_sent_at_the_end(jobs: Jobs, local: str | None) -> None:
    uri = jobs.put({"old": "1", "sub/old": "2"})
    folder = local or "/opt/ml/checkpoints"
    described = jobs.run(
        f"cp -r {folder} model/seen; echo 3 > {folder}/new; echo 4 > {folder}/old",
        CheckpointConfig={"S3Uri": uri, **({"LocalPath": local} if local else {})},
    )
    assert jobs.model(described) == {"seen/old": "1", "seen/sub/old": "2"}
    assert jobs.keys(uri) == {"old", "sub/old", "new"}
    assert jobs.get(f"{uri}old") == b"4\n"
    assert jobs.get(f"{uri}new") == b"3\n"


@pytest.mark.flow("boto3", "checkpoints")
def test_checkpoints_are_sent_while_the_job_runs_and_when_it_stops(jobs: Jobs) -> None:
    uri = f"s3://{jobs.bucket}/checkpoints"
    name = jobs.create(
        "trap 'echo 2 > checkpoints/last; exit' TERM; echo 1 > checkpoints/first;while :; do sleep 0.1; done",
        CheckpointConfig={"S3Uri": uri},
    )
    wait_for(lambda: jobs.keys(f"{uri}/") == {"first"}, what="the first checkpoint")
    assert jobs.describe(name)["TrainingJobStatus"] == "InProgress"
    jobs.stop(name)
    assert jobs.keys(f"{uri}/") == {"first", "last"}


METRICS = [
    "[0]#011train-rmse:0.9#011validation-rmse:1.5",
    "[1]#011train-rmse:0.5#011validation-rmse:nan",
    "[2]#011train-rmse:2.5e-1#011validation-rmse:inf",
]


def test_metrics_are_read_from_the_log(jobs: Jobs) -> None:
    described = jobs.run(";".join(f"echo '{line}'" for line in METRICS))
    finals = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}
    assert finals == {"train:rmse": 0.25, "validation:rmse": 1.5}
    for metric in described["FinalMetricDataList"]:
        assert described["TrainingStartTime"] <= metric["Timestamp"] <= described["TrainingEndTime"]
    assert series(jobs, described) == {"train:rmse": [0.9, 0.5, 0.25], "validation:rmse": [1.5]}


@pytest.mark.flow("boto3", "metric definitions on an image of one's own")
@pytest.mark.docker
def test_own_metric_definitions_on_an_own_image(docker_jobs: Jobs) -> None:
    request = docker_jobs.request("echo loss=0.5 acc=0.25; echo loss=0.125")
    request["AlgorithmSpecification"] |= {
        "TrainingImage": "python:3.11-slim",
        "MetricDefinitions": [
            {"Name": "loss", "Regex": r"loss=([0-9.]+)"},
            {"Name": "accuracy", "Regex": r"acc=(\S+)"},
            {"Name": "never", "Regex": r"never=(\S+)"},
        ],
    }
    request["AlgorithmSpecification"]["ContainerArguments"] = ["echo loss=0.5 acc=0.25; echo loss=0.125"]
    docker_jobs.sagemaker.create_training_job(**request)
    described = docker_jobs.finish(request["TrainingJobName"])
    finals = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}
    assert finals == {"loss": 0.125, "accuracy": 0.25}


def series(jobs: Jobs, described: dict[str, Any]) -> dict[str, list[float]]:
    """The values of each of a job's metrics in the order of its log."""
    found = defaultdict(list)
    with closing(sqlite3.connect(jobs.platform.data_dir / "clary.db")) as database:
        rows = database.execute(
            "SELECT m.name, m.value FROM metrics m JOIN resources r ON r.id = m.resource_id "
            "WHERE r.arn = ? ORDER BY m.id",
            [described["TrainingJobArn"]],
        )
        for name, value in rows:
            found[name].append(value)
    return dict(found)
