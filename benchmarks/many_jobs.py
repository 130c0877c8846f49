"""Five hundred training jobs at once: what the API's answers cost meanwhile, and what the processes hold."""

import json
import time
from collections.abc import Sequence
from functools import partial
from itertools import cycle
from statistics import quantiles
from typing import Any

import psutil
from kit.load import ask, send
from kit.results import AtLeast, AtMost, Comparison, Finding, Report
from kit.servers import Platform, run_clary, running_platform, temporary_folder

JOBS = 500
TOTAL_SECONDS = 600
PAUSE_SECONDS = 0.1
MEGABYTE = 1_000_000
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "bench"

Sizes = dict[str, float]


def measure() -> Report:
    """All jobs are submitted, then calls are made one after the other until the last has ended."""
    report = Report(f"{JOBS} training jobs of one command, submitted at once", "no peer")
    with temporary_folder() as folder, running_platform(folder, "--runtime", "process") as platform:
        platform.client("s3").create_bucket(Bucket=BUCKET)
        began = time.monotonic()
        requests = [platform.signer.sagemaker("CreateTrainingJob", **_job(platform, n)) for n in range(JOBS)]
        submitted = send(platform.address, requests, connections=4)
        sizes, latencies = _follow(platform)
        total = time.monotonic() - began
        completed = _count(platform, "Completed")
    report.findings = [
        _find("jobs that completed", "", [completed], AtLeast(JOBS)),
        *(
            _find(f"{name} meanwhile, p99", "ms", [_p99(series)], AtMost(100))
            for name, series in latencies.items()
        ),
        *(
            _find(f"{role}: growth of RSS, first tenth to end", "MB", [sizes[-1][role] - size], AtMost(20))
            for role, size in sizes[0].items()
        ),
    ]
    report.notes += [
        f"{total:.0f} s in all, {1000 * total / JOBS:.0f} ms a job; submitted in {submitted.elapsed:.1f} s",
        *(f"{name}: p50 {sorted(series)[len(series) // 2]:.1f} ms" for name, series in latencies.items()),
        *(f"RSS {_describe(each)}" for each in (sizes[0], sizes[len(sizes) // 2], sizes[-1])),
    ]
    return report


def _follow(platform: Platform) -> tuple[list[Sizes], dict[str, list[float]]]:
    """Sizes of the processes a look, from the first tenth of the jobs on, and latencies by call."""
    calls = {
        "DescribeTrainingJob": cycle(
            platform.signer.sagemaker("DescribeTrainingJob", TrainingJobName=_name(n)) for n in range(JOBS)
        ),
        "ListTrainingJobs": cycle([platform.signer.sagemaker("ListTrainingJobs", MaxResults=100)]),
    }
    latencies: dict[str, list[float]] = {name: [] for name in calls}
    sizes: list[Sizes] = []
    look = partial(_read_sizes, _pids(platform))
    deadline = time.monotonic() + TOTAL_SECONDS
    while left := _count(platform, "InProgress"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} jobs have not ended after {TOTAL_SECONDS} s")
        for name, requests in calls.items():
            latencies[name] += [1000 * each for each in send(platform.address, [next(requests)]).latencies]
        # By then everything that is loaded late is loaded.
        if left <= JOBS * 0.9:
            sizes.append(look())
        time.sleep(PAUSE_SECONDS)
    return [*sizes, look()], latencies


def _count(platform: Platform, status: str) -> int:
    count, members = 0, {"StatusEquals": status, "MaxResults": 100}
    while True:
        page = json.loads(ask(platform.address, platform.signer.sagemaker("ListTrainingJobs", **members)))
        count += len(page["TrainingJobSummaries"])
        if not page.get("NextToken"):
            return count
        members["NextToken"] = page["NextToken"]


def _pids(platform: Platform) -> dict[str, int]:
    status = json.loads(run_clary("status", "--json", "--data-dir", str(platform.data_dir)))
    return {process["role"]: process["pid"] for process in status["processes"]}


def _read_sizes(pids: dict[str, int]) -> Sizes:
    return {role: psutil.Process(pid).memory_info().rss / MEGABYTE for role, pid in pids.items()}


def _describe(sizes: Sizes) -> str:
    return ", ".join(f"{role} {size:.0f} MB" for role, size in sizes.items())


def _p99(latencies: Sequence[float]) -> float:
    return quantiles(latencies, n=100)[98]


def _find(name: str, unit: str, values: Sequence[float], rule: AtLeast | AtMost) -> Finding:
    return Finding(name=name, unit=unit, ours=values, compare=Comparison.VALUE, rule=rule)


def _name(number: int) -> str:
    return f"many-{number:03d}"


def _job(platform: Platform, number: int) -> dict[str, Any]:
    return {
        "TrainingJobName": _name(number),
        "RoleArn": platform.role,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["true"],
        },
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
