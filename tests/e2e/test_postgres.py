"""The platform on PostgreSQL, with two gateways."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest

from support.flow import HYPERPARAMETERS, Flow
from support.running import RunningPlatform, running_platform
from support.servers import postgres_url
from support.waiting import wait_for

pytestmark = pytest.mark.postgres

T = TypeVar("T")

WRITERS = 8
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Two workers: their connections meet in the database alone."""
    folder = tmp_path_factory.mktemp("postgres")
    options = ("--runtime", "process", "--workers", "2")
    with postgres_url() as url, running_platform(folder, *options, CLARY_DATABASE_URL=url) as platform:
        yield platform


@pytest.fixture(scope="module")
def flow(platform: RunningPlatform) -> Flow:
    return Flow(platform)


def test_the_main_flow(flow: Flow) -> None:
    endpoint = flow.host(flow.train())
    flow.check(endpoint)
    flow.take_down(endpoint)
    assert not (flow.platform.data_dir / "clary.db").exists()


def test_jobs_are_found_by_their_metrics_which_are_gathered_by_minutes(flow: Flow) -> None:
    described = flow.finish(flow.start_training(flow.upload()))
    job, ended = described["TrainingJobName"], described["TrainingEndTime"]
    (final,) = described["FinalMetricDataList"]
    found = flow.sagemaker.search(
        Resource="TrainingJob",
        SearchExpression={
            "Filters": [
                {"Name": "TrainingJobName", "Operator": "Equals", "Value": job},
                {"Name": "Metrics.train:rmse", "Operator": "LessThan", "Value": "1"},
            ]
        },
        SortBy="Metrics.train:rmse",
    )
    assert [result["TrainingJob"]["TrainingJobName"] for result in found["Results"]] == [job]
    cloudwatch = flow.platform.client("cloudwatch")
    dimension = {"Name": "TrainingJobName", "Value": job}
    (metric,) = cloudwatch.list_metrics(Dimensions=[dimension])["Metrics"]
    minutes = cloudwatch.get_metric_statistics(
        **metric,
        StartTime=ended - timedelta(minutes=5),
        EndTime=ended + timedelta(minutes=1),
        Period=60,
        Statistics=["SampleCount", "Minimum"],
    )["Datapoints"]
    assert sum(each["SampleCount"] for each in minutes) == int(HYPERPARAMETERS["num_round"])
    assert min(each["Minimum"] for each in minutes) == pytest.approx(final["Value"])


def test_objects_written_at_once_are_all_there(flow: Flow) -> None:
    def write(writer: int) -> None:
        s3 = flow.platform.client("s3")
        for number in range(20):
            key = f"many/{writer}/{number}"
            s3.put_object(Bucket=flow.bucket, Key=key, Body=key.encode())

    in_threads(write)
    expected = {f"{writer}/{number}" for writer in range(WRITERS) for number in range(20)}
    assert flow.keys(f"s3://{flow.bucket}/many/") == expected
    assert flow.get(f"s3://{flow.bucket}/many/3/7") == b"many/3/7"


@pytest.mark.parametrize("size", [10, MEBIBYTE])
def test_writers_of_one_key_leave_one_whole_object(flow: Flow, size: int) -> None:
    def write(writer: int) -> None:
        s3 = flow.platform.client("s3")
        for _ in range(5):
            s3.put_object(Bucket=flow.bucket, Key=f"one/{size}", Body=bytes([writer]) * size)
            body = s3.get_object(Bucket=flow.bucket, Key=f"one/{size}")["Body"].read()
            assert body == body[:1] * size

    in_threads(write)
    assert flow.keys(f"s3://{flow.bucket}/one/{size}") == {""}


def test_only_one_of_many_creates_what_must_not_exist(flow: Flow) -> None:
    def create(writer: int) -> str:
        s3 = flow.platform.client("s3")
        try:
            s3.put_object(Bucket=flow.bucket, Key="only", Body=bytes([writer]), IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    assert sorted(in_threads(create)) == ["PreconditionFailed"] * (WRITERS - 1) + ["created"]


def test_bodies_that_were_replaced_are_deleted(flow: Flow) -> None:
    folder = flow.platform.data_dir / "objects"

    def write(_writer: int) -> None:
        s3 = flow.platform.client("s3")
        for _ in range(5):
            s3.put_object(Bucket=flow.bucket, Key="replaced", Body=bytes(MEBIBYTE))

    before = set(folder.glob("[0-9a-f][0-9a-f]/*"))
    in_threads(write)
    flow.s3.delete_object(Bucket=flow.bucket, Key="replaced")
    wait_for(lambda: set(folder.glob("[0-9a-f][0-9a-f]/*")) <= before, what="the deletion of replaced bodies")


def in_threads(work: Callable[[int], T]) -> list[T]:
    """Run ``work(writer)`` for every writer at once; the answers in order."""
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))
