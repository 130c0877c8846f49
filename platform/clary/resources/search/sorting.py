"""One page of what matches, in the order of any property."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import pages
from clary.kernel.errors import ValidationError
from clary.resources.search.comparisons import number_of
from clary.resources.search.expressions import Predicate
from clary.resources.search.properties import Property, Type
from clary.resources.search.registry import Record, Searchable
from clary.resources.search.scanning import read_records
from clary.store.tables import ResourceRow

Key = tuple[int, float, str, int]
"""Whether there is a value, its number, its text, the row's id."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of records, and the token of the next where there is one."""

    records: list[Record]
    token: str | None


def select_by_column(
    session: Session, searchable: Searchable, matches: Predicate, query: pages.Query, *, limit: int
) -> Found:
    """A page in the order of an index: reading ends as soon as the page is full."""
    records: list[Record] = []
    for record in read_records(session, searchable, query):
        if matches(record):
            if len(records) == limit:
                return Found(records, pages.token_after(query, records[-1].row))
            records.append(record)
    return Found(records, None)


def select_by_property(
    session: Session,
    searchable: Searchable,
    matches: Predicate,
    query: pages.Query,
    *,
    sort: Property,
    limit: int,
) -> Found:
    """A page in the order of any other property: every row is read. Resources without a value come last."""
    descending, after = query.descending, _decode(query.token, sort, descending=query.descending)
    everything = read_records(session, searchable, replace(query, token=None, descending=False))
    keys = (_key(sort, record, descending=descending) for record in everything if matches(record))
    follows = _follows(after, descending=descending)
    rest = sorted(filter(follows, keys), reverse=descending)
    page = rest[:limit]
    rows = {row.id: row for row in session.scalars(_rows([key[-1] for key in page]))}
    records = [Record(session, searchable, rows[key[-1]]) for key in page if key[-1] in rows]
    token = pages.encode_cursor([sort.name, descending, *page[-1]]) if len(rest) > limit else None
    return Found(records, token)


def _rows(ids: list[int]) -> sa.Select[ResourceRow]:
    return sa.select(ResourceRow).where(ResourceRow.id.in_(ids))


def _key(sort: Property, record: Record, *, descending: bool) -> Key:
    value = next(sort.values(record), None)
    number, text = _comparable(sort.type, value)
    return int((value is None) is not descending), number, text, record.row.id


def _comparable(kind: Type, value: Any) -> tuple[float, str]:
    if value is None:
        return 0.0, ""
    if isinstance(value, datetime):
        return value.timestamp(), ""
    if kind in {Type.NUMBER, Type.BOOLEAN}:
        return float(value), ""
    number = number_of(value) if kind is Type.FREE_TEXT else 0.0
    # What is no number follows all numbers.
    return (math.inf if math.isnan(number) else number), str(value)


def _follows(after: Key | None, *, descending: bool) -> Callable[[Key], bool]:
    if after is None:
        return lambda _key: True
    return (lambda key: key < after) if descending else (lambda key: key > after)


def _decode(token: str | None, sort: Property, *, descending: bool) -> Key | None:
    if token is None:
        return None
    match pages.decode_cursor(token):
        case [sort.name, bool(order), int(rank), float(number), str(text), int(key)] if order is descending:
            return rank, number, text, key
        case _:
            raise ValidationError("Invalid pagination token.")
