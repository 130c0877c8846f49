"""Log streams: create, describe, delete. Times and sizes are read from the head and the tail of each file."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.neighbours.logs.lookup import (
    AlreadyExists,
    InvalidParameter,
    file_of,
    group_arn,
    invalid_token,
    require_group,
    require_stream,
)
from clary.neighbours.paging import decode_token, encode_token, select_page, starts_with
from clary.store.log_files import LogFile
from clary.store.log_streams import LogGroupRow, LogStreamRow, create_stream, delete_stream, remove_files

Streams = tuple[Sequence[LogStreamRow], str | None]


@operation("logs", "CreateLogStream")
def create_log_stream(context: Context, request: Request) -> Response:
    """A new stream of a group."""
    with context.platform.database.write() as session:
        group = require_group(session, context, request)
        if create_stream(session, group, request["logStreamName"]) is None:
            raise AlreadyExists("The specified log stream already exists")
    return None


@operation("logs", "DeleteLogStream")
def delete_log_stream(context: Context, request: Request) -> Response:
    """Delete a stream and its lines."""
    with context.platform.database.write() as session:
        group = require_group(session, context, request)
        path = delete_stream(session, require_stream(session, group, request["logStreamName"]))
    remove_files(context.platform.settings.folder, [path])
    return None


@operation("logs", "DescribeLogStreams")
def describe_log_streams(context: Context, request: Request) -> Response:
    """A group's streams by name or by the time of their last event.

    ``nextToken`` is given only where a next page exists: clients loop for as long as they see one.
    """
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and "logStreamNamePrefix" in request:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    with context.platform.database.read() as session:
        group = require_group(session, context, request)
        select = _select_by_time if by_time else _select_by_name
        rows, token = select(session, context, group, request)
    return {"logStreams": [_describe(context, group, row) for row in rows], "nextToken": token}


def _select_by_name(session: Session, _context: Context, group: LogGroupRow, request: Request) -> Streams:
    conditions = [LogStreamRow.group_id == group.id]
    if "logStreamNamePrefix" in request:
        conditions.append(starts_with(LogStreamRow.name, request["logStreamNamePrefix"]))
    return select_page(
        session,
        LogStreamRow,
        *conditions,
        key=LogStreamRow.name,
        limit=request.get("limit", 50),
        token=request.get("nextToken"),
        invalid=invalid_token(),
        descending=request.get("descending", False),
    )


def _select_by_time(session: Session, context: Context, group: LogGroupRow, request: Request) -> Streams:
    rows = session.scalars(sa.select(LogStreamRow).where(LogStreamRow.group_id == group.id)).all()
    descending, limit = request.get("descending", False), request.get("limit", 50)
    keyed = sorted(((_last_event(context, row), row.name), row) for row in rows)
    if descending:
        keyed.reverse()
    if "nextToken" in request:
        last = _parse_time_token(request["nextToken"])
        keyed = [item for item in keyed if (item[0] < last if descending else item[0] > last)]
    token = encode_token(keyed[limit - 1][0]) if len(keyed) > limit else None
    return [row for _, row in keyed[:limit]], token


def _parse_time_token(token: str) -> tuple[int, str]:
    match decode_token(token, list, invalid_token()):
        case [int(timestamp), str(name)]:
            return timestamp, name
        case _:
            raise invalid_token()


def _last_event(context: Context, row: LogStreamRow) -> int:
    with LogFile(file_of(context, row)) as file:
        return next((line.timestamp for line in file.backward(0, file.end)), 0)


def _describe(context: Context, group: LogGroupRow, row: LogStreamRow) -> dict[str, Any]:
    described = {
        "logStreamName": row.name,
        "creationTime": row.created_at // 1000,
        "arn": f"{group_arn(context, group.name)}:log-stream:{row.name}",
        "storedBytes": 0,
    }
    path = file_of(context, row)
    with LogFile(path) as file:
        first = next(file.forward(0, file.end), None)
        last = next(file.backward(0, file.end), None)
        if first is None or last is None:
            return described
        return described | {
            "firstEventTimestamp": first.timestamp,
            "lastEventTimestamp": last.timestamp,
            "lastIngestionTime": file.modified_at,
            "uploadSequenceToken": sequence_token(file.end),
            "storedBytes": file.end,
        }


def sequence_token(position: int) -> str:
    """What PutLogEvents used to chain batches by: given for old clients, and ignored."""
    return f"{position:056d}"
