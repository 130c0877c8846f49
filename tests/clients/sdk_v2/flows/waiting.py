"""Jobs that are started first and waited for later, in each of the ways that the SDK has."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sagemaker
from doubling import NUMBERS, make_estimator, report, upload_table
from sagemaker.amazon.amazon_estimator import RecordSet
from sagemaker.amazon.linear_learner import LinearLearner
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.inputs import TrainingInput
from sagemaker.s3 import S3Downloader, S3Uploader


def start_spot(session: sagemaker.Session, role: str, checkpoints: str) -> Estimator:
    """A spot job with checkpoints."""
    estimator = make_estimator(
        session,
        role,
        use_spot_instances=True,
        max_run=600,
        max_wait=1200,
        checkpoint_s3_uri=checkpoints,
        checkpoint_local_path="/opt/ml/checkpoints",
    )
    estimator.fit({"train": upload_table(session, "waiting")}, wait=False)
    return estimator


def start_isolated(session: sagemaker.Session, role: str) -> Estimator:
    """A job without network, on two hosts that share the objects between them."""
    estimator = make_estimator(session, role, enable_network_isolation=True)
    estimator.instance_count = 2
    prefix = f"s3://{session.default_bucket()}/waiting/shards"
    for part in range(2):
        rows = "".join(f"{2 * number},{number}\n" for number in NUMBERS[part::2])
        S3Uploader.upload_string_as_file_body(rows, f"{prefix}/{part}.csv", sagemaker_session=session)
    channel = TrainingInput(prefix, content_type="text/csv", distribution="ShardedByS3Key")
    estimator.fit({"train": channel}, wait=False)
    return estimator


def start_records(session: sagemaker.Session, role: str) -> Estimator:
    """A job on a record set: protobuf objects behind a manifest."""
    features = np.array(NUMBERS, dtype="float32").reshape(-1, 1)
    learner = LinearLearner(role, 1, "ml.m5.large", predictor_type="regressor", sagemaker_session=session)
    records: RecordSet = learner.record_set(features, labels=2 * features[:, 0])
    channel = TrainingInput(
        records.s3_data,
        s3_data_type="ManifestFile",
        distribution="ShardedByS3Key",
        content_type="application/x-recordio-protobuf",
    )
    estimator = make_estimator(session, role)
    estimator.fit({"train": channel}, wait=False)
    return estimator


def start_failing(session: sagemaker.Session, role: str) -> Estimator:
    """A job whose algorithm refuses a hyperparameter."""
    estimator = make_estimator(session, role)
    estimator.set_hyperparameters(max_depth="deep")
    estimator.fit({"train": upload_table(session, "waiting")}, wait=False)
    return estimator


def wait_for_failure(estimator: Estimator) -> dict[str, Any]:
    """What the SDK raises for a job that failed."""
    try:
        estimator.latest_training_job.wait(logs="All")
    except UnexpectedStatusException as error:
        return {"message": str(error), "actual": error.actual_status, "allowed": error.allowed_statuses}
    return {}


def describe(estimator: Estimator) -> dict[str, Any]:
    """The members that tell the jobs apart."""
    described = estimator.latest_training_job.describe()
    return {
        "job": described["TrainingJobName"],
        "status": described["TrainingJobStatus"],
        "spot": described["EnableManagedSpotTraining"],
        "checkpoints": described.get("CheckpointConfig"),
        "isolated": described["EnableNetworkIsolation"],
        "hosts": described["ResourceConfig"]["InstanceCount"],
    }


def download(session: sagemaker.Session, estimator: Estimator) -> list[str]:
    """The model's files, as S3Downloader brings them."""
    with tempfile.TemporaryDirectory() as folder:
        S3Downloader.download(estimator.model_data, folder, sagemaker_session=session)
        return [path.name for path in Path(folder).iterdir()]


def list_files(session: sagemaker.Session) -> dict[str, Any]:
    """What the helpers for S3 say of the shards."""
    bucket = session.default_bucket()
    uris = S3Downloader.list(f"s3://{bucket}/waiting/shards", sagemaker_session=session)
    return {
        "uris": sorted(uris),
        "keys": sorted(session.list_s3_files(bucket, "waiting/shards")),
        "text": S3Downloader.read_file(f"s3://{bucket}/waiting/shards/0.csv", sagemaker_session=session),
    }


def main() -> None:
    """Start four jobs, then wait for each in a way of its own."""
    session = sagemaker.Session()
    role = sagemaker.get_execution_role(session)
    checkpoints = f"s3://{session.default_bucket()}/waiting/checkpoints"
    spot, isolated = start_spot(session, role, checkpoints), start_isolated(session, role)
    records, failing = start_records(session, role), start_failing(session, role)
    spot.latest_training_job.wait(logs="All")
    report("spot", describe(spot))
    report("failing", wait_for_failure(failing))
    isolated.latest_training_job.wait(logs="None")
    report("isolated", describe(isolated))
    session.wait_for_job(records.latest_training_job.name, poll=1)
    report("records", describe(records))
    report("model", download(session, spot))
    report("files", list_files(session))


if __name__ == "__main__":
    main()
