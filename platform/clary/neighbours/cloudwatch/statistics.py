"""GetMetricStatistics: statistics of one metric, a datapoint a period."""

from typing import Any

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.kernel.errors import UnsupportedOperation
from clary.neighbours.cloudwatch.errors import InvalidParameterCombination, InvalidParameterValue
from clary.neighbours.cloudwatch.series import UNIT, Bucket, is_period, select_buckets

MAX_DATAPOINTS = 1440


@operation("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(context: Context, request: Request) -> Response:
    """The wanted statistics of every period that has values, oldest first."""
    _check(request)
    with context.platform.database.read() as session:
        buckets = select_buckets(
            session,
            context,
            request,
            start=request["StartTime"],
            end=request["EndTime"],
            period=request["Period"],
            unit=request.get("Unit"),
        )
    return {
        "Label": request["MetricName"],
        "Datapoints": [_describe(bucket, request["Statistics"]) for bucket in buckets],
    }


def _describe(bucket: Bucket, statistics: list[str]) -> dict[str, Any]:
    values = {name: bucket.statistic(name) for name in statistics}
    return {"Timestamp": clock.to_datetime(bucket.at), "Unit": UNIT, **values}


def _check(request: Request) -> None:
    if request.get("ExtendedStatistics"):
        raise UnsupportedOperation(
            "GetMetricStatistics with ExtendedStatistics (percentiles) is not supported yet; use Statistics."
        )
    if not request.get("Statistics"):
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    if not is_period(request["Period"]):
        raise InvalidParameterValue("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    seconds = (request["EndTime"] - request["StartTime"]).total_seconds()
    if seconds == 0:
        raise InvalidParameterValue("The parameter StartTime must not equal parameter EndTime.")
    if seconds < 0:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    datapoints = int(seconds // request["Period"])
    if datapoints > MAX_DATAPOINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {datapoints} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
