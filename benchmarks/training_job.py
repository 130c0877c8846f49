"""What the platform adds to a training job: create to Completed, less the same fit in a bare process."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from kit.results import AtMost, Comparison, Finding, Report
from kit.servers import Platform, run_clary, running_platform, temporary_folder

ROWS, FEATURES = 4177, 8
LIMITS = {"process": 1.0, "docker": 2.0}
REPETITIONS = 7
POLL_SECONDS = 0.1
JOB_SECONDS = 120
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "bench"


def measure() -> Report:
    """Jobs and bare fits in turns, on the process runtime and, where an engine answers, on Docker."""
    report = Report(
        f"Training job: {ROWS} rows of {FEATURES} features, 50 rounds, polled every {POLL_SECONDS} s",
        f"a bare process (xgboost {xgboost.__version__})",
    )
    for runtime, limit in LIMITS.items():
        if runtime == "docker" and not _docker_answers():
            report.notes.append("no Docker engine answers: only the process runtime was measured")
            continue
        with (
            temporary_folder() as folder,
            running_platform(folder / "data", "--runtime", runtime) as platform,
        ):
            if runtime == "docker":
                run_clary("images", "build", "--data-dir", str(folder / "data"))
            jobs, fits = _measure(platform, folder)
        report.findings.append(
            Finding(
                name=f"create to Completed, {runtime} runtime",
                unit="s",
                ours=jobs,
                peer=fits,
                compare=Comparison.DIFFERENCE,
                rule=AtMost(limit),
            )
        )
    return report


def _measure(platform: Platform, folder: Path) -> tuple[list[float], list[float]]:
    data = folder / "train.csv"
    _write_data(data)
    s3 = platform.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(data), BUCKET, "train/train.csv")
    # Neither side pays for the first look at its files.
    _fit(data, folder / "model")
    _run_job(platform, "warm-up")
    jobs, fits = [], []
    for number in range(REPETITIONS):
        fits.append(_fit(data, folder / "model"))
        jobs.append(_run_job(platform, f"job-{number}"))
    return jobs, fits


def _fit(data: Path, model: Path) -> float:
    """Seconds of a bare process."""
    script = Path(__file__).with_name("bare_fit.py")
    # The job's threads wait asleep, too.
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    started = time.perf_counter()
    subprocess.run([sys.executable, script, data, model.with_suffix(".ubj")], env=environment, check=True)
    return time.perf_counter() - started


def _run_job(platform: Platform, name: str) -> float:
    """Seconds from the call of CreateTrainingJob until a poller sees Completed."""
    sagemaker = platform.client("sagemaker")
    request = _request(platform, name)
    started = time.perf_counter()
    sagemaker.create_training_job(**request)
    while time.perf_counter() - started < JOB_SECONDS:
        described = sagemaker.describe_training_job(TrainingJobName=name)
        match described["TrainingJobStatus"]:
            case "Completed":
                return time.perf_counter() - started
            case "InProgress":
                time.sleep(POLL_SECONDS)
            case status:
                raise RuntimeError(f"{name} is {status}: {described.get('FailureReason')}")
    raise RuntimeError(f"{name} does not end")


def _request(platform: Platform, name: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{BUCKET}/train/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {
        "TrainingJobName": name,
        "RoleArn": platform.role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"num_round": "50", "objective": "reg:squarederror", "max_depth": "6"},
        "InputDataConfig": [
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def _write_data(path: Path) -> None:
    """As many rows and columns as the abalone data has: label first, no header."""
    random = np.random.default_rng(0)
    features = random.normal(size=(ROWS, FEATURES))
    labels = features.sum(axis=1) + random.normal(scale=0.1, size=ROWS)
    np.savetxt(path, np.column_stack([labels, features]), delimiter=",", fmt="%.5f")


def _docker_answers() -> bool:
    program = shutil.which("docker")
    return (
        program is not None
        and subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0
    )
