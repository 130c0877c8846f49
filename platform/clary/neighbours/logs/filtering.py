"""FilterLogEvents: search the streams of a group, their events interleaved by time.

Every event has a place in one order: time, stream name, position. A token is the place of the last event
looked at, so a page costs what it returns, however many lines lie before it, and lines that arrive between
two pages disturb nothing.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel.errors import UnsupportedOperation
from clary.neighbours.logs.events import MAX_EVENTS, MAX_PAGE_BYTES, describe_event, is_wanted, size_of
from clary.neighbours.logs.filter_pattern import compile_pattern
from clary.neighbours.logs.lookup import (
    InvalidParameter,
    file_of,
    invalid_token,
    require_group,
    require_stream,
)
from clary.neighbours.paging import decode_token, encode_token, starts_with
from clary.store.log_files import Line, LogFile
from clary.store.log_streams import LogGroupRow, LogStreamRow

# What one call reads at most before it answers with a token, found something or not.
MAX_SCANNED_BYTES = 32 * 1024 * 1024


class Place(NamedTuple):
    """Where an event stands among all of the group's."""

    timestamp: int
    stream: str
    position: int


class Found(NamedTuple):
    """A line of a stream and its place. Places are unique, so sorting never looks further."""

    place: Place
    stream: LogStreamRow
    line: Line


@operation("logs", "FilterLogEvents")
def filter_log_events(context: Context, request: Request) -> Response:
    """Events of some or all streams of a group that match a pattern, oldest first.

    Every page with events has a ``nextToken``, as if more were to come: the SageMaker SDK shows the events of
    such pages alone, and goes on from the token when it looks again. An empty page has one only where the
    search isn't through.
    """
    if not request.get("startFromHead", True):
        raise UnsupportedOperation(
            "FilterLogEvents with startFromHead=false isn't supported; GetLogEvents reads from the end."
        )
    after = _parse_token(request.get("nextToken"))
    with context.platform.database.read() as session:
        streams = _select(session, require_group(session, context, request), request)
    found, token = _search(_merge(context, request, streams, after), request, after)
    return {
        "events": [_describe(item) for item in found],
        "searchedLogStreams": [],
        "nextToken": encode_token(token) if token else None,
    }


def _select(session: Session, group: LogGroupRow, request: Request) -> Sequence[LogStreamRow]:
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if names is not None:
        return [require_stream(session, group, name) for name in dict.fromkeys(names)]
    statement = sa.select(LogStreamRow).where(LogStreamRow.group_id == group.id)
    if prefix is not None:
        statement = statement.where(starts_with(LogStreamRow.name, prefix))
    return session.scalars(statement).all()


def _search(
    events: Iterator[Found], request: Request, after: Place | None
) -> tuple[list[Found], Place | None]:
    """The events that match and fit a page, and the place to go on from."""
    matches = compile_pattern(request.get("filterPattern", ""))
    limit = request.get("limit", MAX_EVENTS)
    page: list[Found] = []
    size = scanned = 0
    for item in events:
        if scanned > MAX_SCANNED_BYTES or len(page) == limit:
            return page, after
        scanned += item.line.end - item.line.position
        if is_wanted(item.line, request) and matches(item.line.text):
            size += size_of(item.line)
            if page and size > MAX_PAGE_BYTES:
                return page, after
            page.append(item)
        after = item.place
    return page, after if page else None


def _merge(
    context: Context, request: Request, streams: Sequence[LogStreamRow], after: Place | None
) -> Iterator[Found]:
    """All streams' lines after a place, in order. A file is open only while its lines have their turn."""
    waiting = []
    for stream in streams:
        first = next(_read(context, request, stream, after), None)
        if first is not None:
            waiting.append((first.place, stream))
    waiting.sort(reverse=True)
    active: list[tuple[Found, Iterator[Found]]] = []
    while waiting or active:
        while waiting and (not active or waiting[-1][0] <= active[0][0].place):
            _push(active, _read(context, request, waiting.pop()[1], after))
        item, rest = heapq.heappop(active)
        yield item
        _push(active, rest)


def _push(active: list[tuple[Found, Iterator[Found]]], events: Iterator[Found]) -> None:
    item = next(events, None)
    if item is not None:
        heapq.heappush(active, (item, events))


def _read(context: Context, request: Request, stream: LogStreamRow, after: Place | None) -> Iterator[Found]:
    since = request.get("startTime")
    if after is not None:
        since = max(since or 0, after.timestamp)
    with LogFile(file_of(context, stream)) as file:
        span = file.span(since, request.get("endTime"))
        low, high = span if stream.in_order else (0, file.end)
        newest = 0
        for line in file.forward(low, high):
            # Lines of one stream keep their order, even where their times are not quite in order.
            newest = max(newest, line.timestamp)
            place = Place(newest, stream.name, line.position)
            if after is None or place > after:
                yield Found(place, stream, line)


def _describe(found: Found) -> dict[str, Any]:
    event_id = f"{found.line.timestamp:016d}{found.stream.id:015d}{found.line.position:025d}"
    return describe_event(found.line) | {"logStreamName": found.stream.name, "eventId": event_id}


def _parse_token(token: str | None) -> Place | None:
    if token is None:
        return None
    match decode_token(token, list, invalid_token()):
        case [int(timestamp), str(stream), int(position)]:
            return Place(timestamp, stream, position)
        case _:
            raise invalid_token()
