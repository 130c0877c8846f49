"""GetLogEvents: read a stream forward, backward, or as it grows.

Events come in the order in which they arrived (AWS sorts by time; a container's output is in order anyway).
The tokens are positions in the stream's file, so a reader who holds one sees every later line exactly once.
"""

import re
from collections.abc import Iterable
from typing import Any

from clary.aws.operations import Context, Request, Response, operation
from clary.neighbours.logs.lookup import file_of, invalid_token, require_group, require_stream
from clary.store.log_files import Line, LogFile

MAX_EVENTS = 10_000
MAX_PAGE_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26

_TOKEN = re.compile(r"([fb])/(\d{56})", re.ASCII)


@operation("logs", "GetLogEvents")
def get_log_events(context: Context, request: Request) -> Response:
    """One page of a stream: the next lines after a token, or the last (or first) ones without it.

    At the end, ``events`` is empty and the token is the one that was sent: it stays good for later lines.
    """
    with context.platform.database.read() as session:
        group = require_group(session, context, request)
        stream = require_stream(session, group, request["logStreamName"])
    with LogFile(file_of(context, stream)) as file:
        span = file.span(request.get("startTime"), request.get("endTime"))
        low, high = span if stream.in_order else (0, file.end)
        forward, position = _parse_token(request, file) or (
            (True, low) if request.get("startFromHead") else (False, high)
        )
        if forward:
            lines, last = _fill(file.forward(max(low, position), high), request)
            start, end = position, last.end if last else position
        else:
            lines, last = _fill(file.backward(low, min(high, position)), request)
            lines.reverse()
            start, end = last.position if last else position, position
    return {
        "events": [describe_event(line) for line in lines],
        "nextForwardToken": f"f/{end:056d}",
        "nextBackwardToken": f"b/{start:056d}",
    }


def describe_event(line: Line) -> dict[str, Any]:
    """A line as an event; it is ingested as it is written, so both times are one."""
    return {"timestamp": line.timestamp, "message": line.text, "ingestionTime": line.timestamp}


def is_wanted(line: Line, request: Request) -> bool:
    """Whether a line is an event of the request's time range. An empty line is no event, as on AWS."""
    if not line.text or line.timestamp < request.get("startTime", 0):
        return False
    end_time = request.get("endTime")
    return end_time is None or line.timestamp < end_time


def size_of(line: Line) -> int:
    """What an event counts for in a page's size: its bytes and a fixed overhead."""
    return line.end - line.position + EVENT_OVERHEAD_BYTES


def _fill(lines: Iterable[Line], request: Request) -> tuple[list[Line], Line | None]:
    """The events that fit a page, and the last line that was consumed for it."""
    limit = request.get("limit", MAX_EVENTS)
    page: list[Line] = []
    last, size = None, 0
    for line in lines:
        if is_wanted(line, request):
            size += size_of(line)
            if page and (len(page) == limit or size > MAX_PAGE_BYTES):
                break
            page.append(line)
        last = line
    return page, last


def _parse_token(request: Request, file: LogFile) -> tuple[bool, int] | None:
    token = request.get("nextToken")
    if token is None:
        return None
    match = _TOKEN.fullmatch(token)
    if match is None or not file.starts_line(int(match[2])):
        raise invalid_token()
    return match[1] == "f", int(match[2])
