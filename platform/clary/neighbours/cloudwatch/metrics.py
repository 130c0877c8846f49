"""ListMetrics: which series there are."""

from typing import Any

import sqlalchemy as sa

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.neighbours.cloudwatch.errors import InvalidParameterValue
from clary.neighbours.cloudwatch.series import SOURCES, Source
from clary.neighbours.paging import decode_token, encode_token
from clary.store.tables import MetricRow, ResourceRow

PAGE_SIZE = 500
RECENT_SECONDS = 3 * 3600

Key = tuple[str, str, str]


@operation("cloudwatch", "ListMetrics")
def list_metrics(context: Context, request: Request) -> Response:
    """Series by namespace, metric and resource, 500 a page."""
    after = _parse_token(request.get("NextToken"))
    found: list[Key] = []
    with context.platform.database.read() as session:
        for namespace, source in sorted(SOURCES.items()):
            if request.get("Namespace", namespace) != namespace or namespace < after[0]:
                continue
            statement = _statement(context, request, source, after[1:] if namespace == after[0] else ("", ""))
            rows = session.execute(statement.limit(PAGE_SIZE + 1 - len(found)))
            found += [(namespace, name, resource) for name, resource in rows]
    page = found[:PAGE_SIZE]
    return {
        "Metrics": [_describe(*key) for key in page],
        "NextToken": encode_token(page[-1]) if len(found) > PAGE_SIZE else None,
    }


def _statement(
    context: Context, request: Request, source: Source, after: tuple[str, str]
) -> sa.Select[str, str]:
    conditions = [
        ResourceRow.account == context.account,
        ResourceRow.region == context.region,
        ResourceRow.kind == source.kind,
        sa.tuple_(MetricRow.name, ResourceRow.name) > sa.tuple_(*map(sa.literal, after)),
    ]
    if "MetricName" in request:
        conditions.append(MetricRow.name == request["MetricName"])
    if "RecentlyActive" in request:
        conditions.append(MetricRow.at >= clock.now() - RECENT_SECONDS * clock.SECOND)
    for dimension in request.get("Dimensions") or []:
        if dimension["Name"] != source.dimension:
            conditions.append(sa.false())
        elif "Value" in dimension:
            conditions.append(ResourceRow.name == dimension["Value"])
    return (
        sa.select(MetricRow.name, ResourceRow.name)
        .join(ResourceRow, ResourceRow.id == MetricRow.resource_id)
        .where(*conditions)
        .distinct()
        .order_by(MetricRow.name, ResourceRow.name)
    )


def _describe(namespace: str, name: str, resource: str) -> dict[str, Any]:
    dimension = {"Name": SOURCES[namespace].dimension, "Value": resource}
    return {"Namespace": namespace, "MetricName": name, "Dimensions": [dimension]}


def _parse_token(token: str | None) -> Key:
    if token is None:
        return "", "", ""
    invalid = InvalidParameterValue("Invalid nextToken")
    match decode_token(token, list, invalid):
        case [str(namespace), str(name), str(resource)]:
            return namespace, name, resource
        case _:
            raise invalid
