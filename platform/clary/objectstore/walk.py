"""Walks the keys of a bucket in order, rolling up those that share a prefix up to a delimiter.

What is rolled up is skipped by seeking past it, never by reading it: a prefix with a million keys costs one
page.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# (first key, number of rows) -> rows in key order; a row begins with its key.
Fetch = Callable[[bytes, int], Sequence[Any]]

_FIRST_PAGE = 32
_LARGEST_PAGE = 1001


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing: a row, or (``row`` is None) a common prefix."""

    name: bytes
    row: Any | None


def walk(fetch: Fetch, *, prefix: bytes, delimiter: bytes, after: bytes) -> Iterator[Entry]:
    """The entries whose names begin with ``prefix`` and sort after ``after``.

    ``fetch(start, limit)`` gives rows whose keys are at or after ``start``.
    """
    limit = _FIRST_PAGE if delimiter else _LARGEST_PAGE
    start = max(prefix, _next_key(after)) if after else prefix
    if delimiter and (rolled := _common_prefix(after, prefix, delimiter)):
        start = max(start, successor(rolled))
    end = successor(prefix) if prefix else None
    while True:
        rows = fetch(start, limit)
        position = 0
        while position < len(rows):
            key = rows[position][0]
            if end is not None and key >= end:
                return
            common = _common_prefix(key, prefix, delimiter) if delimiter else None
            if common is None:
                yield Entry(key, rows[position])
                position += 1
                start = _next_key(key)
            else:
                yield Entry(common, None)
                start = successor(common)
                position = bisect_left(rows, start, lo=position, key=lambda row: row[0])
        if len(rows) < limit:
            return
        limit = min(limit * 2, _LARGEST_PAGE) if start == _next_key(rows[-1][0]) else limit


def successor(prefix: bytes) -> bytes:
    """The first key that sorts after all that begin with ``prefix`` (UTF-8 has no byte 0xff to overflow)."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _next_key(key: bytes) -> bytes:
    return key + b"\x00"


def _common_prefix(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    if not key.startswith(prefix):
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]
