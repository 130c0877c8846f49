"""Five hundred jobs at once: they wait for their turn, all of them complete, and nothing piles up."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.jobs import Jobs
from support.running import process_ids, running_platform
from support.waiting import wait_for

JOBS = 500
LIMIT = 4
GROWTH = 32 << 20
PATIENCE = 540


@pytest.mark.timeout(PATIENCE + 60)
def test_all_complete_and_memory_stays_flat(tmp_path: Path) -> None:
    variables = {"CLARY_MAX_RUNNING_JOBS": str(LIMIT)}
    with running_platform(tmp_path / "data", "--runtime", "process", **variables) as platform:
        jobs = Jobs(platform)
        pids = process_ids(platform.data_dir)
        containers = platform.data_dir / "run" / "containers"
        names = [jobs.create("true") for _ in range(JOBS)]
        most = 0

        def have_ended() -> bool:
            nonlocal most
            most = max(most, sum(not path.name.startswith(".") for path in containers.iterdir()))
            left = jobs.sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=1)
            return not left["TrainingJobSummaries"]

        # By then everything that is loaded late is loaded.
        jobs.finish(names[0])
        begun = sizes(pids)
        wait_for(have_ended, seconds=PATIENCE, what="the end of all jobs")
        ended = sizes(pids)
        assert Counter(job["TrainingJobStatus"] for job in every(jobs)) == {"Completed": JOBS}
        assert 0 < most <= LIMIT
        assert {role for role in pids if ended[role] - begun[role] > GROWTH} == set()
        assert jobs.leftovers() == []


def sizes(pids: dict[str, int]) -> dict[str, int]:
    """Bytes of memory by role; the processes are those that were there at the start."""
    return {role: psutil.Process(pid).memory_info().rss for role, pid in pids.items()}


def every(jobs: Jobs) -> Iterator[dict[str, Any]]:
    """The summaries of all jobs."""
    pages = jobs.sagemaker.get_paginator("list_training_jobs").paginate(MaxResults=100)
    for page in pages:
        yield from page["TrainingJobSummaries"]
