"""The main flow: XGBoost on real data, from CSV in S3 to a model that predicts, on one host and on two."""

import io
import itertools
import tarfile
from typing import Any

import numpy as np
import pytest
import xgboost
from botocore.exceptions import WaiterError
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from support.jobs import Jobs, channel, statuses
from support.training import to_csv

ROUNDS = 10
HYPERPARAMETERS = {
    "num_round": str(ROUNDS),
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "eta": "0.3",
}


def split() -> tuple[Any, Any, Any, Any]:
    """Features and labels to train on, and those held out."""
    features, labels = load_breast_cancer(return_X_y=True)
    train, held_out, train_labels, held_out_labels = train_test_split(
        features, labels.astype(float), test_size=0.3, random_state=1, stratify=labels
    )
    return train, train_labels, held_out, held_out_labels


def channels(jobs: Jobs, *, parts: int = 1) -> list[dict[str, Any]]:
    """The channels train, in so many files dealt to the hosts, and validation."""
    train, labels, held_out, held_out_labels = split()
    shards = zip(np.array_split(train, parts), np.array_split(labels, parts), strict=True)
    uri = jobs.put({f"{number}.csv": to_csv(*shard) for number, shard in enumerate(shards)})
    validation = jobs.put({"validation.csv": to_csv(held_out, held_out_labels)})
    return [
        channel("train", uri, ContentType="text/csv", S3DataDistributionType="ShardedByS3Key"),
        channel("validation", validation, ContentType="text/csv"),
    ]


def measure(jobs: Jobs, described: dict[str, Any]) -> float:
    """The area under the curve that the job's model reaches on the held-out rows."""
    archive = jobs.get(described["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        member = opened.extractfile("xgboost-model")
        assert member is not None
        booster = xgboost.Booster(model_file=bytearray(member.read()))
    _, _, held_out, labels = split()
    return float(roc_auc_score(labels, booster.predict(xgboost.DMatrix(held_out))))


@pytest.mark.flow("boto3", "create_training_job, wait, metrics, log, the model")
def test_a_model_is_trained_watched_and_fetched(any_jobs: Jobs) -> None:
    jobs = any_jobs
    request = jobs.request(HyperParameters=HYPERPARAMETERS, InputDataConfig=channels(jobs))
    name = request["TrainingJobName"]
    answer = jobs.sagemaker.create_training_job(**request)
    arn = f"arn:aws:sagemaker:{jobs.platform.region}:{jobs.platform.account}:training-job/{name}"
    assert answer["TrainingJobArn"] == arn
    jobs.sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 240}
    )
    described = jobs.describe(name)
    assert (described["TrainingJobArn"], described["TrainingJobStatus"]) == (arn, "Completed")
    check_history(described)
    check_times(described)
    auc = measure(jobs, described)
    assert auc > 0.97
    finals = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}
    assert set(finals) == {"train:auc", "validation:auc"}
    assert finals["validation:auc"] == pytest.approx(auc, abs=1e-3)
    assert len(jobs.streams(name)) == 1
    assert sum("validation-auc" in line for line in jobs.lines(name)) == ROUNDS
    listed = jobs.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=name)
    assert [each["TrainingJobArn"] for page in listed for each in page["TrainingJobSummaries"]] == [arn]


def check_history(described: dict[str, Any]) -> None:
    """The job went through AWS's stages, each ending where the next begins."""
    passed = [each for each in statuses(described) if each != "DownloadingTrainingImage"]
    assert passed == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    transitions = described["SecondaryStatusTransitions"]
    assert all(each["StatusMessage"] for each in transitions)
    for earlier, later in itertools.pairwise(transitions):
        assert earlier["StartTime"] <= earlier["EndTime"] == later["StartTime"]
    assert transitions[-1]["Status"] == described["SecondaryStatus"]


def check_times(described: dict[str, Any]) -> None:
    """Times are in order, and what is billed is what lies between them."""
    order = [
        described[f"{name}Time"] for name in ("Creation", "TrainingStart", "TrainingEnd", "LastModified")
    ]
    assert order == sorted(order)
    seconds = (described["TrainingEndTime"] - described["TrainingStartTime"]).total_seconds()
    assert described["TrainingTimeInSeconds"] == described["BillableTimeInSeconds"] == max(1, round(seconds))


@pytest.mark.flow("boto3", "create_training_job on two hosts")
def test_two_hosts_train_a_model_as_good_as_one_hosts(any_jobs: Jobs) -> None:
    described = any_jobs.run(
        hosts=2, HyperParameters=HYPERPARAMETERS, InputDataConfig=channels(any_jobs, parts=4)
    )
    train, labels, held_out, held_out_labels = split()
    alone = xgboost.train(
        {"objective": "binary:logistic", "eta": 0.3}, xgboost.DMatrix(train, labels), ROUNDS
    )
    expected = roc_auc_score(held_out_labels, alone.predict(xgboost.DMatrix(held_out)))
    assert measure(any_jobs, described) == pytest.approx(expected, abs=0.01)
    assert len(any_jobs.streams(described["TrainingJobName"])) == 2


@pytest.mark.flow("boto3", "the waiter training_job_completed_or_stopped")
def test_the_waiter_ends_for_a_stopped_and_for_a_failed_job(jobs: Jobs) -> None:
    waiter = jobs.sagemaker.get_waiter("training_job_completed_or_stopped")
    options = {"Delay": 1, "MaxAttempts": 60}
    stopped = jobs.create("sleep 60")
    jobs.sagemaker.stop_training_job(TrainingJobName=stopped)
    waiter.wait(TrainingJobName=stopped, WaiterConfig=options)
    failed = jobs.create("exit 1")
    with pytest.raises(WaiterError, match="terminal failure state"):
        waiter.wait(TrainingJobName=failed, WaiterConfig=options)
    with pytest.raises(WaiterError, match="ValidationException"):
        waiter.wait(TrainingJobName="nobody", WaiterConfig=options)
