"""One page of training jobs among a million of them, against one page among a thousand."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from kit.load import ask, send
from kit.results import AtLeast, Comparison, Finding, Report
from kit.servers import Platform, running_platform, temporary_folder

FEW, MANY = 1_000, 1_000_000
REPETITIONS = 7
REQUESTS = 20
PAGE = 100
JOB_SECONDS = 60
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

Members = dict[str, Any]
SORTS: dict[str, Members] = {
    f"by {sort}, descending": {"SortBy": sort, "SortOrder": "Descending"}
    for sort in ("CreationTime", "Name", "Status")
}
FILTERED: dict[str, Members] = {
    "StatusEquals Failed, newest first": {"StatusEquals": "Failed", "SortOrder": "Descending"}
}
# Every fifth job failed; the rest of the columns is the pattern's.
_COPIES = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO resources ({columns}) SELECT {values} FROM numbers, (SELECT * FROM resources WHERE name = :name)
"""
_REPLACED = {
    "uid": "lower(hex(randomblob(10)))",
    "name": "printf('job-%08d', n)",
    "arn": "arn || printf('-%08d', n)",
    "status": "CASE n % 5 WHEN 0 THEN 'Failed' ELSE 'Completed' END",
    "secondary": "CASE n % 5 WHEN 0 THEN 'Failed' ELSE 'Completed' END",
    "created_at": "created_at - 1000 * n",
    "modified_at": "modified_at - 1000 * n",
}


def measure() -> Report:
    """Two platforms with equal rows, few and many; pages of both in turns."""
    report = Report(f"Lists: one page of {PAGE} training jobs among {MANY:,}", f"the same among {FEW:,}")
    with temporary_folder() as folder, ExitStack() as stack:
        sides = []
        for count in (MANY, FEW):
            _fill(folder / str(count), count)
            sides.append(stack.enter_context(running_platform(folder / str(count), "--runtime", "process")))
        many, few = sides
        for name, members in (SORTS | FILTERED).items():
            page = partial(_first_page, members=members)
            report.findings.append(_compare(name, many, few, page))
        report.findings.append(_compare("the page after the first", many, few, _second_page))
    report.notes.append(
        f"rules leave 10 % for noise; {REQUESTS} requests a sample, {REPETITIONS} samples a side"
    )
    return report


def _compare(name: str, many: Platform, few: Platform, request: Callable[[Platform], bytes]) -> Finding:
    rates: tuple[list[float], list[float]] = ([], [])
    prepared = [(side, request(side)) for side in (many, few)]
    for _ in range(REPETITIONS):
        for (side, page), of_side in zip(prepared, rates, strict=True):
            of_side.append(1000 / send(side.address, [page] * REQUESTS).p50)
    return Finding(
        name=name, unit="/s", ours=rates[0], peer=rates[1], compare=Comparison.RATIO, rule=AtLeast(0.9)
    )


def _first_page(side: Platform, members: Members) -> bytes:
    return side.signer.sagemaker("ListTrainingJobs", MaxResults=PAGE, **members)


def _second_page(side: Platform) -> bytes:
    first = ask(side.address, _first_page(side, {}))
    token = re.search(rb'"NextToken": ?"([^"]+)"', first)
    assert token is not None
    return _first_page(side, {"NextToken": token[1].decode()})


def _fill(folder: Path, count: int) -> None:
    """A database whose jobs are copies of one that ran."""
    with running_platform(folder, "--runtime", "process") as platform:
        name = _run_job(platform)
    with closing(sqlite3.connect(folder / "clary.db")) as database, database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            database.execute(f"PRAGMA {pragma}")
        columns = [row[1] for row in database.execute("PRAGMA table_info(resources)") if row[1] != "id"]
        values = ", ".join(_REPLACED.get(column, column) for column in columns)
        copies = _COPIES.format(columns=", ".join(columns), values=values)
        database.execute(copies, {"count": count, "name": name})


def _run_job(platform: Platform) -> str:
    """A training job without data, which fails soon: what its row holds is what any row holds."""
    sagemaker, s3, name = platform.client("sagemaker"), platform.client("s3"), "pattern"
    s3.create_bucket(Bucket="jobs")
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=platform.role,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"num_round": "50", "objective": "reg:squarederror", "max_depth": "6"},
        OutputDataConfig={"S3OutputPath": "s3://jobs/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    deadline = time.monotonic() + JOB_SECONDS
    while sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress":
        if time.monotonic() > deadline:
            raise RuntimeError("the pattern job does not end")
        time.sleep(0.2)
    return name
