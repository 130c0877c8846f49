"""CloudWatch metrics over the series that training jobs write."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from defusedxml.ElementTree import fromstring

from clary.kernel import clock, repository
from clary.kernel.platform import Platform
from clary.kernel.scope import Scope
from clary.store.tables import MetricRow
from support.refusing import refusal
from support.signed import send

NAMESPACE = "/aws/sagemaker/TrainingJobs"
NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
Client = Callable[..., Any]
Write = Callable[..., None]


@pytest.fixture
def write(platform: Platform, account: str, client: Client) -> Write:
    """``write("job", loss=[(seconds after noon, value), …])``: a job of the account with these series."""
    region = client("cloudwatch").meta.region_name

    def create(job: str, **series: list[tuple[float, float]]) -> None:
        with platform.database.write() as session:
            row = repository.create(
                session,
                Scope(account, region),
                kind="TrainingJob",
                name=job,
                arn=f"arn:aws:sagemaker:{region}:{account}:training-job/{job}",
                status="Completed",
                spec={},
            )
            for name, points in series.items():
                for seconds, value in points:
                    at = clock.from_datetime(NOON + timedelta(seconds=seconds))
                    session.add(MetricRow(resource_id=row.id, name=name, at=at, value=value))

    return create


def dimension(job: str) -> list[dict[str, str]]:
    return [{"Name": "TrainingJobName", "Value": job}]


def ask(cloudwatch: Any, job: str = "job", **more: Any) -> Any:
    """GetMetricStatistics of a job's loss in the hour from noon."""
    request = {
        "Namespace": NAMESPACE,
        "MetricName": "loss",
        "Dimensions": dimension(job),
        "StartTime": NOON,
        "EndTime": NOON + HOUR,
        "Period": 60,
        "Statistics": ["Average"],
    }
    return cloudwatch.get_metric_statistics(**request | more)


def query(name: str, metric: str = "loss", job: str = "job", **more: Any) -> dict[str, Any]:
    """A query of GetMetricData for the average by minutes."""
    asked = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimension(job)}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Average"}} | more


def test_statistics_are_those_of_the_values_in_each_period(client: Client, write: Write) -> None:
    write("job", loss=[(0, 4.0), (10, 2.0), (29.9, 3.0), (30, 1.0), (200, 0.5)])
    answer = ask(client("cloudwatch"), Statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"])
    assert answer["Label"] == "loss"
    first, second, third = answer["Datapoints"]
    # The first period begins at the minute of the start.
    assert first == {
        "Timestamp": NOON.replace(second=0),
        "SampleCount": 3.0,
        "Sum": 9.0,
        "Average": 3.0,
        "Minimum": 2.0,
        "Maximum": 4.0,
        "Unit": "None",
    }
    assert (second["Timestamp"], second["Average"]) == (NOON + timedelta(seconds=30), 1.0)
    assert (third["Timestamp"], third["Average"]) == (NOON + timedelta(seconds=150), 0.5)


def test_short_and_long_periods_begin_at_the_start(client: Client, write: Write) -> None:
    write("job", loss=[(0, 1.0), (4, 2.0), (6, 3.0), (299, 4.0), (301, 5.0)])
    cloudwatch = client("cloudwatch")
    by_seconds = ask(cloudwatch, Period=5, EndTime=NOON + timedelta(seconds=10))["Datapoints"]
    assert [(each["Timestamp"] - NOON, each["Average"]) for each in by_seconds] == [
        (timedelta(0), 1.5),
        (timedelta(seconds=5), 3.0),
    ]
    start = NOON + timedelta(seconds=1)
    by_minutes = ask(cloudwatch, Period=300, StartTime=start)["Datapoints"]
    assert [(each["Timestamp"] - NOON, each["Average"]) for each in by_minutes] == [
        (timedelta(seconds=-30), 2.0),
        (timedelta(seconds=270), 4.5),
    ]


def test_the_end_is_not_in_the_range(client: Client, write: Write) -> None:
    write("job", loss=[(60, 1.0)])
    assert ask(client("cloudwatch"), EndTime=NOON + timedelta(seconds=60))["Datapoints"] == []
    assert len(ask(client("cloudwatch"), EndTime=NOON + timedelta(seconds=61))["Datapoints"]) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"Namespace": "AWS/SageMaker"},
        {"MetricName": "Loss"},
        {"Dimensions": dimension("another")},
        {"Dimensions": [{"Name": "Host", "Value": "job"}]},
        {"Dimensions": [*dimension("job"), {"Name": "Host", "Value": "algo-1"}]},
        {"Dimensions": []},
        {"Unit": "Seconds"},
        {"StartTime": NOON - HOUR, "EndTime": NOON - timedelta(minutes=1)},
    ],
    ids="-".join,
)
def test_a_metric_that_nobody_wrote_has_no_datapoints(
    client: Client, write: Write, other: dict[str, Any]
) -> None:
    write("job", loss=[(0, 1.0)])
    assert ask(client("cloudwatch"), **other)["Datapoints"] == []


def test_other_accounts_and_regions_see_nothing(client: Client, write: Write) -> None:
    write("job", loss=[(0, 1.0)])
    assert len(ask(client("cloudwatch"))["Datapoints"]) == 1
    assert ask(client("cloudwatch", region_name="sa-east-1"))["Datapoints"] == []


@pytest.mark.parametrize(
    ("bad", "code", "said"),
    [
        ({"Period": 7}, "InvalidParameterValue", "Period must be"),
        ({"Period": 60 * 10**18}, "InvalidParameterValue", "Period must be"),
        ({"EndTime": NOON}, "InvalidParameterValue", "StartTime must not equal parameter EndTime"),
        ({"EndTime": NOON - HOUR}, "InvalidParameterValue", "must be less than the parameter EndTime"),
        (
            {"Period": 1},
            "InvalidParameterCombination",
            "up to 3600 datapoints, which exceeds the limit of 1440",
        ),
        ({"Statistics": ["Median"]}, "ValidationException", "Member must satisfy enum value set"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_requests_are_refused_in_the_words_of_aws(
    client: Client, bad: dict[str, Any], code: str, said: str
) -> None:
    refused = refusal(lambda **request: ask(client("cloudwatch"), **request), **bad)
    assert (refused.code, refused.status) == (code, 400)
    assert said in refused.message


def test_percentiles_are_refused_by_name(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    refused = refusal(lambda **request: ask(cloudwatch, **request), ExtendedStatistics=["p99"])
    assert (refused.code, "percentiles" in refused.message) == ("UnsupportedOperation", True)


def test_statistics_must_be_named(client: Client) -> None:
    refused = refusal(
        client("cloudwatch").get_metric_statistics,
        Namespace=NAMESPACE,
        MetricName="loss",
        StartTime=NOON,
        EndTime=NOON + HOUR,
        Period=60,
    )
    assert refused.code == "InvalidParameterCombination"


def test_metric_data_answers_every_query_newest_first(client: Client, write: Write) -> None:
    write("job", loss=[(0, 1.0), (60, 2.0)], accuracy=[(0, 0.5)])
    answer = client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            query("loss"),
            query("good", "accuracy", Label="Accuracy"),
            query("hidden", ReturnData=False),
            query("none", "nothing"),
        ],
        StartTime=NOON,
        EndTime=NOON + HOUR,
    )
    loss, accuracy, none = answer["MetricDataResults"]
    assert (loss["Id"], loss["Label"], loss["StatusCode"]) == ("loss", "loss", "Complete")
    assert loss["Values"] == [2.0, 1.0]
    assert loss["Timestamps"] == [NOON + timedelta(seconds=30), NOON - timedelta(seconds=30)]
    assert (accuracy["Label"], accuracy["Values"]) == ("Accuracy", [0.5])
    assert (none["Id"], none["Values"]) == ("none", [])
    assert "NextToken" not in answer


@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
def test_metric_data_comes_in_pages(client: Client, write: Write, order: str) -> None:
    points = [(60.0 * minute, float(minute)) for minute in range(5)]
    write("job", loss=points, accuracy=points)
    pages = (
        client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=[query("loss"), query("good", "accuracy")],
            StartTime=NOON,
            EndTime=NOON + HOUR,
            ScanBy=order,
            PaginationConfig={"PageSize": 2},
        )
    )
    seen: dict[str, list[float]] = {"loss": [], "good": []}
    sizes = []
    for page in pages:
        sizes.append(sum(len(result["Values"]) for result in page["MetricDataResults"]))
        for result in page["MetricDataResults"]:
            seen[result["Id"]] += result["Values"]
    values = sorted(range(5), reverse=order == "TimestampDescending")
    assert seen == {"loss": values, "good": values}
    assert sizes == [2] * 5


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"MetricDataQueries": [query("a"), query("a")]}, "ValidationError", "are not unique"),
        ({"MetricDataQueries": [query("A")]}, "ValidationError", "lower-case letter"),
        ({"MetricDataQueries": [{"Id": "a"}]}, "ValidationError", "Expression or MetricStat"),
        ({"MetricDataQueries": []}, "ValidationError", "from 1 to 500"),
        ({"MetricDataQueries": [{"Id": "a", "Expression": "1"}]}, "UnsupportedOperation", "Expression"),
        ({"EndTime": NOON}, "ValidationError", "StartTime must not equal"),
        ({"EndTime": NOON - HOUR}, "ValidationError", "must be less than"),
        ({"MaxDatapoints": 0}, "ValidationError", "MaxDatapoints"),
        ({"NextToken": "bm90IGEgdG9rZW4="}, "InvalidNextToken", "NextToken"),
        ({"NextToken": "WzAsImEiXQ=="}, "InvalidNextToken", "NextToken"),
    ],
)
def test_bad_queries_are_refused(client: Client, change: dict[str, Any], code: str, said: str) -> None:
    request = {"MetricDataQueries": [query("a")], "StartTime": NOON, "EndTime": NOON + HOUR}
    refused = refusal(client("cloudwatch").get_metric_data, **request | change)
    assert refused.code == code
    assert said in refused.message


@pytest.mark.parametrize(
    ("stat", "code"), [({"Period": 7}, "ValidationError"), ({"Stat": "p90"}, "UnsupportedOperation")]
)
def test_a_query_needs_a_period_and_a_statistic_that_are_served(
    client: Client, stat: dict[str, Any], code: str
) -> None:
    asked = query("a")
    asked["MetricStat"] |= stat
    cloudwatch = client("cloudwatch")
    refused = refusal(
        cloudwatch.get_metric_data, MetricDataQueries=[asked], StartTime=NOON, EndTime=NOON + HOUR
    )
    assert refused.code == code


def test_metrics_are_listed(client: Client, write: Write) -> None:
    write("a", loss=[(0, 1.0), (1, 2.0)], accuracy=[(0, 1.0)])
    write("b", loss=[(0, 1.0)])
    cloudwatch = client("cloudwatch")

    def listed(**request: Any) -> list[tuple[str, str]]:
        pages = cloudwatch.get_paginator("list_metrics").paginate(**request)
        metrics = [metric for page in pages for metric in page["Metrics"]]
        assert {metric["Namespace"] for metric in metrics} <= {NAMESPACE}
        return [(metric["MetricName"], metric["Dimensions"][0]["Value"]) for metric in metrics]

    assert listed() == [("accuracy", "a"), ("loss", "a"), ("loss", "b")]
    assert listed(Namespace=NAMESPACE, MetricName="loss") == [("loss", "a"), ("loss", "b")]
    assert listed(Dimensions=dimension("b")) == [("loss", "b")]
    assert listed(Dimensions=[{"Name": "TrainingJobName"}], MetricName="accuracy") == [("accuracy", "a")]
    assert listed(Dimensions=[{"Name": "Host"}]) == []
    assert listed(Namespace="AWS/EC2") == []
    assert listed(RecentlyActive="PT3H") == []
    assert refusal(cloudwatch.list_metrics, NextToken="bm9wZQ==").code == "InvalidParameterValue"


def test_long_lists_of_metrics_have_pages(client: Client, write: Write) -> None:
    write("job", **{f"metric{number:03}": [(0, 1.0)] for number in range(501)})
    first = client("cloudwatch").list_metrics()
    rest = client("cloudwatch").list_metrics(NextToken=first["NextToken"])
    names = [metric["MetricName"] for page in (first, rest) for metric in page["Metrics"]]
    assert names == [f"metric{number:03}" for number in range(501)]
    assert "NextToken" not in rest


def test_the_query_protocol_is_answered_too(url: str, account: str, write: Write) -> None:
    write("job", loss=[(0, 1.5)])
    body = urlencode(
        {
            "Action": "GetMetricStatistics",
            "Version": "2010-08-01",
            "Namespace": NAMESPACE,
            "MetricName": "loss",
            "Dimensions.member.1.Name": "TrainingJobName",
            "Dimensions.member.1.Value": "job",
            "StartTime": NOON.isoformat(),
            "EndTime": (NOON + HOUR).isoformat(),
            "Period": "60",
            "Statistics.member.1": "Average",
        }
    ).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", url, data=body, headers=form | {"Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(f"AKIA{account}", "secret"), "monitoring", "eu-west-1").add_auth(request)
    answer = send(f"{url}/", method="POST", headers=dict(request.headers), body=body)
    assert answer.status == 200
    assert [each.text for each in fromstring(answer.body).iterfind(".//{*}Average")] == ["1.5"]
