"""Log groups: create, describe, delete, retention.

Retention is recorded and shown; Clary keeps the lines until their stream is deleted.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, Support, operation
from clary.kernel import tags
from clary.kernel.wiping import Forgotten, forgets
from clary.neighbours.logs.lookup import (
    AlreadyExists,
    InvalidParameter,
    group_arn,
    invalid_token,
    parse_group_arn,
    require_group,
)
from clary.neighbours.paging import contains, select_page, starts_with
from clary.store.log_streams import LogGroupRow, LogStreamRow, create_group, delete_group, remove_files

_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@operation("logs", "CreateLogGroup")
def create_log_group(context: Context, request: Request) -> Response:
    """A new group; its KMS key and class are recorded."""
    name = request["logGroupName"]
    with context.platform.database.write() as session:
        row = create_group(
            session,
            account=context.account,
            region=context.region,
            group=name,
            kms_key_id=request.get("kmsKeyId"),
            log_group_class=request.get("logGroupClass", "STANDARD"),
        )
        if row is None:
            raise AlreadyExists("The specified log group already exists")
        tags.put_tags(session, group_arn(context, name), request.get("tags", {}))
    return None


@operation("logs", "DeleteLogGroup")
def delete_log_group(context: Context, request: Request) -> Response:
    """Delete a group, its streams and their lines."""
    with context.platform.database.write() as session:
        row = require_group(session, context, request)
        paths = delete_group(session, row)
        tags.remove_tags(session, group_arn(context, row.name))
    remove_files(context.platform.settings.folder, paths)
    return None


@operation("logs", "DescribeLogGroups")
def describe_log_groups(context: Context, request: Request) -> Response:
    """Groups by name, a page at a time."""
    with context.platform.database.read() as session:
        rows, token = select_page(
            session,
            LogGroupRow,
            LogGroupRow.account == context.account,
            LogGroupRow.region == context.region,
            *_conditions(context, request),
            key=LogGroupRow.name,
            limit=request.get("limit", 50),
            token=request.get("nextToken"),
            invalid=invalid_token(),
        )
        groups = [_describe(session, context, row) for row in rows]
    return {"logGroups": groups, "nextToken": token}


@operation("logs", "PutRetentionPolicy", support=Support.RECORDED)
def put_retention_policy(context: Context, request: Request) -> Response:
    """Record for how many days the group's lines are wanted."""
    days = request["retentionInDays"]
    if days not in _RETENTION_DAYS:
        allowed = ", ".join(map(str, _RETENTION_DAYS))
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    _set_retention(context, request, days)
    return None


@operation("logs", "DeleteRetentionPolicy", support=Support.RECORDED)
def delete_retention_policy(context: Context, request: Request) -> Response:
    """The group's lines are wanted for ever again."""
    _set_retention(context, request, None)
    return None


@forgets
def forget_log_groups(session: Session, account: str) -> Forgotten:
    """An account's groups of all regions, with their streams and lines."""
    mine = sa.select(LogGroupRow.id).where(LogGroupRow.account == account)
    paths = session.scalars(sa.select(LogStreamRow.path).where(LogStreamRow.group_id.in_(mine))).all()
    removed = session.execute(sa.delete(LogGroupRow).where(LogGroupRow.account == account))
    return Forgotten("log groups", removed.rowcount, tuple(map(Path, paths)))  # type: ignore[attr-defined]


def _set_retention(context: Context, request: Request, days: int | None) -> None:
    with context.platform.database.write() as session:
        require_group(session, context, request).retention_in_days = days


def _conditions(context: Context, request: Request) -> list[sa.ColumnElement[bool]]:
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    conditions = []
    if prefix is not None:
        conditions.append(starts_with(LogGroupRow.name, prefix))
    if pattern:
        conditions.append(contains(LogGroupRow.name, pattern))
    if "logGroupClass" in request:
        conditions.append(LogGroupRow.log_group_class == request["logGroupClass"])
    if identifiers := request.get("logGroupIdentifiers"):
        names = [parse_group_arn(context, item) if item.startswith("arn:") else item for item in identifiers]
        conditions.append(LogGroupRow.name.in_(names))
    return conditions


def _describe(session: Session, context: Context, row: LogGroupRow) -> dict[str, object]:
    arn = group_arn(context, row.name)
    return {
        "logGroupName": row.name,
        "creationTime": row.created_at // 1000,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": row.log_group_class,
        "storedBytes": _count_bytes(session, context, row),
        "retentionInDays": row.retention_in_days,
        "kmsKeyId": row.kms_key_id,
    }


def _count_bytes(session: Session, context: Context, row: LogGroupRow) -> int:
    folder = context.platform.settings.folder
    paths = session.scalars(sa.select(LogStreamRow.path).where(LogStreamRow.group_id == row.id))
    return sum(_size(folder / path) for path in paths)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
