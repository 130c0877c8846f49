"""``aws logs``: groups, streams and events of a job, and version 2's ``tail``."""

from pathlib import Path

import pytest

from support.aws_cli import AwsCli, require_v2, with_profile
from support.jobs import Jobs
from support.running import RunningPlatform
from support.waiting import wait_for

V1 = "AWS CLI v1"
V2 = "AWS CLI v2"
GROUP = ("--log-group-name", "/aws/sagemaker/TrainingJobs")
LINES = 25


@pytest.fixture(scope="module")
def jobs(platform_up: RunningPlatform) -> Jobs:
    """Jobs of the shared platform."""
    return Jobs(platform_up)


@pytest.fixture(scope="module")
def job(jobs: Jobs) -> str:
    """A job that printed numbered lines."""
    described = jobs.run(f"for n in $(seq {LINES}); do echo line $n; done; echo ERROR: the last")
    name: str = described["TrainingJobName"]
    return name


@pytest.fixture
def aws_v2(platform_up: RunningPlatform, tmp_path: Path) -> AwsCli:
    """Version 2 of the CLI."""
    return with_profile(platform_up, tmp_path, require_v2())


@pytest.mark.flow(V1, "logs describe-log-groups, describe-log-streams, get-log-events")
def test_a_jobs_log_is_found_and_read(aws: AwsCli, job: str) -> None:
    groups = aws.json("logs", "describe-log-groups", "--log-group-name-prefix", "/aws/sagemaker/")
    assert GROUP[1] in [group["logGroupName"] for group in groups["logGroups"]]
    streams = ("logs", "describe-log-streams", *GROUP, "--log-stream-name-prefix", f"{job}/")
    stream = aws.text(*streams, "--query", "logStreams[].logStreamName", "--output", "text").strip()
    of = (*GROUP, "--log-stream-name", stream)
    head = aws.json("logs", "get-log-events", *of, "--start-from-head", "--limit", "3")
    assert [event["message"] for event in head["events"]] == ["line 1", "line 2", "line 3"]
    more = aws.json("logs", "get-log-events", *of, "--next-token", head["nextForwardToken"], "--limit", "1")
    assert [event["message"] for event in more["events"]] == ["line 4"]
    tail = aws.json("logs", "get-log-events", *of, "--limit", "1")
    assert [event["message"] for event in tail["events"]] == ["ERROR: the last"]


@pytest.mark.flow(V1, "logs filter-log-events, page by page and by a pattern")
def test_a_jobs_log_is_searched(aws: AwsCli, job: str) -> None:
    search = ("logs", "filter-log-events", *GROUP, "--log-stream-name-prefix", f"{job}/")
    expected = [f"line {number}" for number in range(1, LINES + 1)] + ["ERROR: the last"]
    paged = aws.json(*search, "--page-size", "10")
    assert [event["message"] for event in paged["events"]] == expected
    first = aws.json(*search, "--page-size", "5", "--max-items", "7")
    rest = aws.json(*search, "--page-size", "10", "--starting-token", first["NextToken"])
    assert [event["message"] for event in first["events"] + rest["events"]] == expected
    found = aws.text(*search, "--filter-pattern", "ERROR", "--query", "events[].message", "--output", "text")
    assert found.strip() == "ERROR: the last"


@pytest.mark.flow(V2, "logs tail --since --format short")
def test_tail_prints_what_there_is(aws_v2: AwsCli, job: str) -> None:
    tail = ("logs", "tail", GROUP[1], "--log-stream-name-prefix", f"{job}/", "--since", "1h")
    printed = aws_v2.text(*tail, "--format", "short").splitlines()
    assert [line.partition(" ")[2] for line in printed[:2]] == ["line 1", "line 2"]
    assert len(printed) == LINES + 1
    assert aws_v2.text(*tail, "--filter-pattern", "ERROR").endswith(" ERROR: the last\n")


@pytest.mark.flow(V2, "logs tail --follow, until Ctrl-C")
def test_tail_follows_a_running_job(aws_v2: AwsCli, jobs: Jobs, tmp_path: Path) -> None:
    name = jobs.create("while true; do echo tick; sleep 1; done")
    jobs.says(name, "tick")
    output = tmp_path / "tail"
    tail = ("logs", "tail", GROUP[1], "--log-stream-name-prefix", f"{name}/", "--follow")
    with aws_v2.following(*tail, output=output):
        wait_for(lambda: b"tick" in output.read_bytes(), what="the first lines")
        before = output.read_bytes()
        wait_for(lambda: len(output.read_bytes()) > len(before), what="later lines")
    jobs.stop(name)
    assert all(line.endswith(" tick") for line in output.read_text().splitlines() if line)
