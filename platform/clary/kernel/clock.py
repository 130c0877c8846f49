"""Time as the database keeps it: integer microseconds since the epoch, UTC."""

import time
from datetime import UTC, datetime

SECOND = 1_000_000


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def to_datetime(microseconds: int) -> datetime:
    """An aware datetime in UTC."""
    return datetime.fromtimestamp(microseconds / SECOND, tz=UTC)


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware (or, by convention, UTC) datetime."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * SECOND)
