"""Times as S3 writes them: ISO 8601 in documents, HTTP dates in headers."""

from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from clary.kernel import clock


def to_iso(microseconds: int) -> str:
    """``2024-05-01T12:00:00.000Z``; S3 gives milliseconds."""
    return (
        clock.to_datetime(microseconds).strftime("%Y-%m-%dT%H:%M:%S.") + f"{microseconds // 1000 % 1000:03d}Z"
    )


def to_http(microseconds: int) -> str:
    """``Wed, 01 May 2024 12:00:00 GMT``."""
    return _format_second(microseconds // clock.SECOND)


@lru_cache(maxsize=4096)
def _format_second(second: int) -> str:
    return formatdate(second, usegmt=True)


def from_http(text: str) -> int | None:
    """Whole seconds since the epoch of an HTTP or ISO date, or None where it is neither."""
    if not text:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return clock.from_datetime(parse(text)) // clock.SECOND
        except ValueError:
            continue
    return None
