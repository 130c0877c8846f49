"""GetMetricData: statistics of several metrics at once, a page at a time."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.kernel.errors import UnsupportedOperation
from clary.neighbours.cloudwatch.errors import InvalidNextToken, InvalidRequest
from clary.neighbours.cloudwatch.series import BASIC_STATISTICS, Bucket, is_period, select_buckets
from clary.neighbours.paging import decode_token, encode_token

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800

_ID = re.compile(r"[a-z]\w*", re.ASCII)


class Place(NamedTuple):
    """Where a page goes on: the number of a query, and the last time that was shown of it (microseconds)."""

    query: int
    after: int | None


@operation("cloudwatch", "GetMetricData")
def get_metric_data(context: Context, request: Request) -> Response:
    """The values of every query, newest first unless the request says otherwise."""
    queries = request["MetricDataQueries"]
    _check(request, queries)
    place = _parse_token(request.get("NextToken"))
    room = request.get("MaxDatapoints", MAX_DATAPOINTS)
    results: list[dict[str, Any]] = []
    with context.platform.database.read() as session:
        for number, query in enumerate(queries[place.query :], start=place.query):
            if not query.get("ReturnData", True):
                continue
            if room == 0:
                return _page(results, Place(number, None))
            after = place.after if number == place.query else None
            buckets = _select(session, context, request, query, after)
            page = buckets[:room]
            room -= len(page)
            results.append(_describe(query, page, complete=len(page) == len(buckets)))
            if len(page) < len(buckets):
                return _page(results, Place(number, page[-1].at))
    return _page(results, None)


def _page(results: list[dict[str, Any]], rest: Place | None) -> Response:
    return {"MetricDataResults": results, "NextToken": encode_token(rest) if rest else None}


def _select(
    session: Session, context: Context, request: Request, query: Request, after: int | None
) -> Sequence[Bucket]:
    stat = query["MetricStat"]
    buckets = select_buckets(
        session,
        context,
        stat["Metric"],
        start=request["StartTime"],
        end=request["EndTime"],
        period=stat["Period"],
        unit=stat.get("Unit"),
    )
    if request.get("ScanBy") == "TimestampAscending":
        return [bucket for bucket in buckets if after is None or bucket.at > after]
    return [bucket for bucket in reversed(buckets) if after is None or bucket.at < after]


def _describe(query: Request, buckets: Sequence[Bucket], *, complete: bool) -> dict[str, Any]:
    stat = query["MetricStat"]
    return {
        "Id": query["Id"],
        "Label": query.get("Label", stat["Metric"]["MetricName"]),
        "Timestamps": [clock.to_datetime(bucket.at) for bucket in buckets],
        "Values": [bucket.statistic(stat["Stat"]) for bucket in buckets],
        "StatusCode": "Complete" if complete else "PartialData",
    }


def _check(request: Request, queries: list[Request]) -> None:
    if not 1 <= len(queries) <= MAX_QUERIES:
        raise InvalidRequest(f"The number of MetricDataQueries must be from 1 to {MAX_QUERIES}.")
    if len({query["Id"] for query in queries}) < len(queries):
        raise InvalidRequest("The values for parameter id in MetricDataQueries are not unique.")
    if request["StartTime"] == request["EndTime"]:
        raise InvalidRequest("The parameter StartTime must not equal parameter EndTime.")
    if request["StartTime"] > request["EndTime"]:
        raise InvalidRequest("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= request.get("MaxDatapoints", MAX_DATAPOINTS) <= MAX_DATAPOINTS:
        raise InvalidRequest(f"The parameter MaxDatapoints must be from 1 to {MAX_DATAPOINTS}.")
    for query in queries:
        _check_query(query)


def _check_query(query: Request) -> None:
    name, stat = query["Id"], query.get("MetricStat")
    if not _ID.fullmatch(name):
        raise InvalidRequest(
            f"The value {name} for parameter id in MetricDataQueries must begin with a lower-case letter and "
            "hold letters, digits and underscores."
        )
    if query.get("Expression"):
        raise UnsupportedOperation(f"Query {name}: Expression is not supported yet; use MetricStat.")
    if stat is None:
        raise InvalidRequest(f"Query {name}: either Expression or MetricStat must be given.")
    for member in ("Namespace", "MetricName"):
        if not stat["Metric"].get(member):
            raise InvalidRequest(f"Query {name}: MetricStat.Metric must have {member}.")
    if not is_period(stat["Period"]):
        raise InvalidRequest(f"Query {name}: Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    if stat["Stat"] not in BASIC_STATISTICS:
        raise UnsupportedOperation(
            f"Query {name}: Stat {stat['Stat']} is not supported yet; use {', '.join(BASIC_STATISTICS)}."
        )


def _parse_token(token: str | None) -> Place:
    if token is None:
        return Place(0, None)
    invalid = InvalidNextToken("The parameter NextToken is invalid.")
    match decode_token(token, list, invalid):
        case [int(query), int() | None as after] if query >= 0:
            return Place(query, after)
        case _:
            raise invalid
