"""Metrics: what the MetricDefinitions' expressions find in a job's logs, as a series and as final values."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import clock
from clary.resources import builtin_images
from clary.store.tables import MetricRow, ResourceRow

FINAL_METRICS_MAX = 40
MILLISECOND = 1000


def metric_definitions(algorithm: Mapping[str, Any]) -> list[dict[str, str]]:
    """A job's definitions: a built-in image's own, derived and not stored, else the request's."""
    return (
        builtin_images.metric_definitions(algorithm["TrainingImage"])
        or algorithm.get("MetricDefinitions")
        or []
    )


class MetricReader:
    """Follows log files and finds metrics in the lines that came since the last look."""

    def __init__(self, definitions: Sequence[dict[str, str]], paths: Sequence[Path]) -> None:
        self._expressions = [(each["Name"], re.compile(each["Regex"])) for each in definitions]
        self._offsets = dict.fromkeys(paths, 0)

    def read(self) -> list[tuple[str, int, float]]:
        """New points as (name, microseconds, value), in the order of the log."""
        if not self._expressions:
            return []
        return [point for path in self._offsets for line in self._lines(path) for point in self._match(line)]

    def _lines(self, path: Path) -> Iterator[str]:
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._offsets[path])
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offsets[path] += len(line)
                yield line.decode("utf-8", "replace")

    def _match(self, line: str) -> Iterator[tuple[str, int, float]]:
        stamp, _, text = line.rstrip("\n").partition(" ")
        for name, expression in self._expressions:
            for match in expression.finditer(text):
                if (value := _number(match.group(1))) is not None:
                    yield name, int(stamp) * MILLISECOND, value


def _number(text: str | None) -> float | None:
    """The finite number in a text: a loss of ``nan`` is no point of a series."""
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def store_metrics(session: Session, resource_id: int, points: Sequence[tuple[str, int, float]]) -> None:
    """Append points to the series of a resource."""
    if points:
        session.execute(
            sa.insert(MetricRow),
            [
                {"resource_id": resource_id, "name": name, "at": at, "value": value}
                for name, at, value in points
            ],
        )


def forget_metrics(session: Session, resource_id: int) -> None:
    """Drop a resource's series: a job that is taken up again reads its logs from the start."""
    session.execute(sa.delete(MetricRow).where(MetricRow.resource_id == resource_id))


def final_metrics(session: Session, row: ResourceRow) -> list[dict[str, Any]]:
    """The last value of each metric, as FinalMetricDataList."""
    last = (
        sa.select(sa.func.max(MetricRow.id).label("id"))
        .where(MetricRow.resource_id == row.id)
        .group_by(MetricRow.name)
        .subquery()
    )
    rows = session.scalars(
        sa.select(MetricRow)
        .join(last, MetricRow.id == last.c.id)
        .order_by(MetricRow.name)
        .limit(FINAL_METRICS_MAX)
    )
    return [
        {"MetricName": each.name, "Value": each.value, "Timestamp": clock.to_datetime(each.at)}
        for each in rows
    ]
