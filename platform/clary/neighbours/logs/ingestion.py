"""PutLogEvents: a batch of events, appended to the stream's file in one write."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.neighbours.logs.events import EVENT_OVERHEAD_BYTES, MAX_PAGE_BYTES
from clary.neighbours.logs.lookup import InvalidParameter, file_of, require_group, require_stream
from clary.neighbours.logs.streams import sequence_token
from clary.store.log_files import MAX_MESSAGE_BYTES, LogFile, append_lines
from clary.store.log_streams import LogStreamRow

HOUR = 3_600_000
DAY = 24 * HOUR

Event = tuple[int, str]


@operation("logs", "PutLogEvents")
def put_log_events(context: Context, request: Request) -> Response:
    """Append a batch in chronological order; events too old or too new are left out and reported."""
    events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    _check_batch(events)
    with context.platform.database.write() as session:
        group = require_group(session, context, request)
        stream = require_stream(session, group, request["logStreamName"])
        accepted, rejected = _reject(events, retention_in_days=group.retention_in_days)
        end = _append(context, stream, accepted)
    return {"nextSequenceToken": sequence_token(end), "rejectedLogEventsInfo": rejected or None}


def _check_batch(events: Sequence[Event]) -> None:
    times = [at for at, _ in events]
    if times != sorted(times):
        raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
    sizes = [len(message.encode()) for _, message in events]
    if max(sizes) > MAX_MESSAGE_BYTES:
        raise InvalidParameter(
            f"Log event too large: {max(sizes)} bytes exceeds limit of {MAX_MESSAGE_BYTES}"
        )
    total = sum(sizes) + EVENT_OVERHEAD_BYTES * len(events)
    if total > MAX_PAGE_BYTES:
        raise InvalidParameter(f"Upload too large: {total} bytes exceeds limit of {MAX_PAGE_BYTES}")


def _reject(
    events: Sequence[Event], *, retention_in_days: int | None
) -> tuple[Sequence[Event], dict[str, int]]:
    """The events to keep, and the indexes that bound the others (ends excluded, starts included)."""
    now = clock.now() // 1000
    times = [at for at, _ in events]
    old = bisect_left(times, now - 14 * DAY)
    expired = bisect_left(times, now - retention_in_days * DAY) if retention_in_days else 0
    new = bisect_right(times, now + 2 * HOUR)
    first = max(old, expired)
    accepted = events[first:new]
    if accepted and accepted[-1][0] - accepted[0][0] > DAY:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    rejected = {"tooOldLogEventEndIndex": old, "expiredLogEventEndIndex": expired if expired > old else 0}
    bounds = {name: index for name, index in rejected.items() if index}
    return accepted, bounds | ({"tooNewLogEventStartIndex": new} if new < len(events) else {})


def _append(context: Context, stream: LogStreamRow, events: Sequence[Event]) -> int:
    path = file_of(context, stream)
    if events:
        with LogFile(path) as file:
            last = next(file.backward(0, file.end), None)
        if last is not None and events[0][0] < last.timestamp:
            # Bisection by time no longer holds for this file: it is read from its head from now on.
            stream.in_order = False
        append_lines(path, events)
    with LogFile(path) as file:
        return file.end
