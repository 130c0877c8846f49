"""The end of a job before its own end: stopped at any moment, out of time, lost."""

import gzip
import os
import signal
import sqlite3
from contextlib import closing

import psutil
import pytest

from support.jobs import Jobs, channel, refusal, statuses
from support.running import process_ids
from support.waiting import wait_for

SAVE_WHEN_ASKED = (
    "trap 'echo 2 > model/m; echo o > output/data/o; exit 0' TERM; echo 1 > model/m; echo ready;"
    "while :; do sleep 0.05; done"
)
IGNORE = "trap '' TERM; echo 1 > model/m; echo ready; while :; do sleep 0.05; done"
UPLOAD_LONG = "echo started; head -c 40000000 /dev/urandom > model/big"


def stage_long(jobs: Jobs) -> list[dict[str, object]]:
    """A channel that takes a second or more to stage."""
    zeros = gzip.compress(bytes(100 << 20), compresslevel=1)
    return [channel("zeros", jobs.put({f"{n}.gz": zeros for n in range(6)}), CompressionType="Gzip")]


def test_a_job_stopped_right_after_its_creation(jobs: Jobs) -> None:
    for looks in range(12):  # each takes the job some hundredths of a second further
        name = jobs.create("sleep 60")
        for _ in range(looks):
            jobs.describe(name)
        described = jobs.stop(name)
        assert described["SecondaryStatus"] == "Stopped"
        assert statuses(described)[-2:] == ["Stopping", "Stopped"]


def test_a_job_stopped_while_it_waits_for_its_turn(impatient_jobs: Jobs) -> None:
    running = [impatient_jobs.create(SAVE_WHEN_ASKED) for _ in range(2)]
    for name in running:
        impatient_jobs.says(name, "ready")
    waiting = impatient_jobs.create("true")
    described = impatient_jobs.stop(waiting)
    assert statuses(described) == ["Starting", "Stopping", "Stopped"]
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": ""}
    assert "TrainingStartTime" not in described
    for name in running:
        assert impatient_jobs.describe(name)["TrainingJobStatus"] == "InProgress"
        impatient_jobs.stop(name)


def test_a_job_stopped_while_its_data_is_staged(jobs: Jobs) -> None:
    name = jobs.create("sleep 60", InputDataConfig=stage_long(jobs))
    jobs.reach(name, "Downloading")
    described = jobs.stop(name)
    assert statuses(described) == ["Starting", "Downloading", "Stopping", "Stopped"]


@pytest.mark.flow("boto3", "stop_training_job")
def test_a_job_stopped_while_it_trains_saves_what_it_has(any_jobs: Jobs) -> None:
    name = any_jobs.create(SAVE_WHEN_ASKED)
    any_jobs.says(name, "ready")
    described = any_jobs.stop(name)
    assert statuses(described) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert any_jobs.model(described) == {"m": "2\n"}
    output = described["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar.gz", "output.tar.gz")
    assert any_jobs.unpack(output) == {"o": "o\n"}
    assert described["TrainingStartTime"] < described["TrainingEndTime"]


def test_a_job_stopped_while_it_uploads(jobs: Jobs) -> None:
    name = jobs.create(UPLOAD_LONG)
    jobs.reach(name, "Uploading")
    described = jobs.stop(name)
    assert statuses(described)[-3:] == ["Uploading", "Stopping", "Stopped"]
    uri = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert len(jobs.get(uri)) > 40_000_000


def test_a_job_that_fails_while_it_is_stopped_is_stopped(jobs: Jobs) -> None:
    name = jobs.create(
        "trap 'echo boom > output/failure; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    )
    jobs.says(name, "ready")
    described = jobs.stop(name)
    assert "FailureReason" not in described


def test_a_job_that_ignores_the_stop_is_killed(impatient_jobs: Jobs) -> None:
    name = impatient_jobs.create(IGNORE, hosts=2)
    wait_for(lambda: impatient_jobs.lines(name) == ["ready", "ready"], what="both hosts")
    described = impatient_jobs.stop(name)
    assert impatient_jobs.model(described) == {"m": "1\n"}


def test_a_second_stop_changes_nothing_and_an_ended_job_refuses_it(jobs: Jobs) -> None:
    name = jobs.create("trap 'sleep 0.5; exit' TERM; echo ready; while :; do sleep 0.05; done")
    jobs.says(name, "ready")
    for _ in range(2):
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
    jobs.finish(name, status="Stopped")
    with pytest.raises(jobs.sagemaker.exceptions.ClientError, match="is in status Stopped") as refused:
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_job_out_of_time_is_stopped_with_what_it_has(jobs: Jobs) -> None:
    described = jobs.run(SAVE_WHEN_ASKED, status="Stopped", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert described["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert statuses(described)[-2:] == ["Stopping", "MaxRuntimeExceeded"]
    assert jobs.model(described) == {"m": "2\n"}


def test_time_runs_while_data_is_staged(jobs: Jobs) -> None:
    described = jobs.run(
        "sleep 60",
        status="Stopped",
        InputDataConfig=stage_long(jobs),
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    assert described["SecondaryStatus"] == "MaxRuntimeExceeded"


@pytest.mark.parametrize(("retry", "status"), [({}, "Failed"), ({"MaximumRetryAttempts": 1}, "Completed")])
def test_a_lost_container_is_started_again_where_that_is_asked(
    impatient_jobs: Jobs, retry: dict[str, int], status: str
) -> None:
    name = impatient_jobs.create(
        "if [ -e checkpoints/seen ]; then exit 0; fi; : > checkpoints/seen; sleep 0.1; echo ready;"
        "while :; do sleep 0.05; done",
        CheckpointConfig={"S3Uri": f"s3://{impatient_jobs.bucket}/{status}"},
        **({"RetryStrategy": retry} if retry else {}),
    )
    impatient_jobs.says(name, "ready")
    kill_shims(impatient_jobs)
    described = impatient_jobs.finish(name, status=status)
    if status == "Failed":
        assert described["FailureReason"].startswith("InternalServerError: the container was lost")
    else:
        assert "Restarting" in statuses(described)
        assert len(impatient_jobs.streams(name)) == 1


@pytest.mark.parametrize("stage", ["Starting", "Downloading", "Training", "Uploading"])
def test_a_killed_controller_is_followed_by_one_that_goes_on(impatient_jobs: Jobs, stage: str) -> None:
    ask = (
        "import boto3, time\n"
        "for _ in range(60):\n boto3.client('sts').get_caller_identity(); time.sleep(0.05)"
    )
    jobs = impatient_jobs
    script = {"Training": "echo started; python input/data/code/ask.py", "Uploading": UPLOAD_LONG}
    channels = stage_long(jobs) if stage == "Downloading" else [channel("code", jobs.put({"ask.py": ask}))]
    controller = process_ids(jobs.platform.data_dir)["controller"]
    name = jobs.create(script.get(stage, "echo started"), InputDataConfig=channels)
    if stage == "Training":
        jobs.says(name, "started")
    elif stage != "Starting":
        jobs.reach(name, stage)
    (jobs.platform.data_dir / "jobs" / "of-a-deleted-job").mkdir(parents=True, exist_ok=True)
    os.kill(controller, signal.SIGKILL)
    described = jobs.finish(name)
    assert jobs.lines(name) == ["started"]
    assert len(jobs.streams(name)) == 1
    ends = [each for each in described["SecondaryStatusTransitions"] if each["Status"] == "Completed"]
    assert len(ends) == 1
    wait_for(lambda: not jobs.leftovers(), what="the end of what the job held")
    assert not temporary_credentials(jobs)


@pytest.mark.docker
def test_a_docker_container_outlives_the_controller(docker_jobs: Jobs) -> None:
    controller = process_ids(docker_jobs.platform.data_dir)["controller"]
    name = docker_jobs.create(
        "echo started; for n in $(seq 30); do echo $n; sleep 0.1; done; echo m > model/m"
    )
    docker_jobs.says(name, "started")
    os.kill(controller, signal.SIGKILL)
    described = docker_jobs.finish(name)
    assert docker_jobs.lines(name) == ["started", *map(str, range(1, 31))]
    assert docker_jobs.model(described) == {"m": "m\n"}


def test_a_killed_controller_is_followed_by_one_that_stops(impatient_jobs: Jobs) -> None:
    name = impatient_jobs.create(SAVE_WHEN_ASKED)
    impatient_jobs.says(name, "ready")
    os.kill(process_ids(impatient_jobs.platform.data_dir)["controller"], signal.SIGKILL)
    described = impatient_jobs.stop(name)
    assert impatient_jobs.model(described) == {"m": "2\n"}
    wait_for(lambda: not impatient_jobs.leftovers(), what="the end of what the job held")


def test_an_ended_job_leaves_nothing(any_jobs: Jobs) -> None:
    before = set(any_jobs.leftovers())
    name = any_jobs.run("true", hosts=2)["TrainingJobName"]
    wait_for(lambda: not set(any_jobs.leftovers()) - before, what="the end of what the job held")
    any_jobs.sagemaker.delete_training_job(TrainingJobName=name)
    assert refusal(any_jobs.describe, name=name) == "ValidationException"


def kill_shims(jobs: Jobs) -> None:
    """Kill what owns the job's processes, as a machine that runs out of memory may."""
    folder = str(jobs.platform.data_dir / "run" / "containers")
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any(part.startswith(folder) for part in command) and "clary.runtimes.process.shim" in command:
            process.kill()


def temporary_credentials(jobs: Jobs) -> list[str]:
    """Principals of the keys that jobs hold."""
    with closing(sqlite3.connect(jobs.platform.data_dir / "clary.db")) as database:
        rows = database.execute("SELECT principal FROM credentials WHERE expires_at IS NOT NULL")
        return [principal for (principal,) in rows]
