"""Series of metrics and their statistics over periods, aggregated in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context
from clary.kernel import clock, repository
from clary.kernel.scope import Scope
from clary.store.tables import MetricRow

MINUTE_SECONDS = 60
SHORT_PERIODS = (1, 5, 10, 20, 30)
LONGEST_PERIOD = 2**31 - 1
UNIT = "None"
"""The unit of every value: expressions find numbers, not what they measure."""


@dataclass(frozen=True, slots=True)
class Source:
    """The resources that write a namespace's series, and the one dimension that names each of them."""

    kind: str
    dimension: str


SOURCES = {"/aws/sagemaker/TrainingJobs": Source("TrainingJob", "TrainingJobName")}


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a series did in one period, which began at ``at`` (microseconds)."""

    at: int
    count: int
    total: float
    minimum: float
    maximum: float

    def statistic(self, name: str) -> float:
        """One of CloudWatch's five basic statistics."""
        return {
            "SampleCount": float(self.count),
            "Sum": self.total,
            "Average": self.total / self.count,
            "Minimum": self.minimum,
            "Maximum": self.maximum,
        }[name]


BASIC_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def is_period(seconds: int) -> bool:
    """Whether values can be gathered by that many seconds."""
    return seconds in SHORT_PERIODS or (seconds % MINUTE_SECONDS == 0 and seconds <= LONGEST_PERIOD)


def select_buckets(
    session: Session,
    context: Context,
    metric: Mapping[str, Any],
    *,
    start: datetime,
    end: datetime,
    period: int,
    unit: str | None,
) -> Sequence[Bucket]:
    """The periods (seconds each) from ``start`` up to ``end`` in which the metric has values, oldest first.

    The first begins at ``start``, rounded down to the minute or to a shorter period. A metric that nobody
    wrote has none.
    """
    resource = _find_resource(session, context, metric)
    if resource is None or unit not in {None, UNIT}:
        return []
    width = period * clock.SECOND
    grain = min(period, MINUTE_SECONDS) * clock.SECOND
    origin = clock.from_datetime(start) // grain * grain
    number = ((MetricRow.at - origin) // width).label("number")
    statement = (
        sa.select(
            number,
            sa.func.count(),
            sa.func.sum(MetricRow.value),
            sa.func.min(MetricRow.value),
            sa.func.max(MetricRow.value),
        )
        .where(
            MetricRow.resource_id == resource,
            MetricRow.name == metric["MetricName"],
            MetricRow.at >= origin,
            MetricRow.at < clock.from_datetime(end),
        )
        .group_by(number)
        .order_by(number)
    )
    return [
        Bucket(origin + index * width, count, total, minimum, maximum)
        for index, count, total, minimum, maximum in session.execute(statement)
    ]


def _find_resource(session: Session, context: Context, metric: Mapping[str, Any]) -> int | None:
    source = SOURCES.get(metric["Namespace"])
    dimensions = [(each["Name"], each["Value"]) for each in metric.get("Dimensions") or []]
    if source is None or len(dimensions) != 1 or dimensions[0][0] != source.dimension:
        return None
    scope = Scope(context.account, context.region)
    row = repository.find(session, scope, source.kind, dimensions[0][1])
    return None if row is None else row.id
