"""Lists in SQL: filters before the cut, keyset cursors, opaque tokens."""

import base64
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from clary.kernel.errors import ValidationError
from clary.kernel.scope import Scope
from clary.store.tables import ResourceRow

# Each sort is the order of an index, so that no page sorts or scans what it does not show.
SORTS: dict[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "Name": (ResourceRow.name, ResourceRow.id),
    "CreationTime": (ResourceRow.created_at, ResourceRow.id),
    "LastModifiedTime": (ResourceRow.modified_at, ResourceRow.id),
    "Status": (ResourceRow.status, ResourceRow.created_at, ResourceRow.id),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list asks for. Times in microseconds, inclusive; ``where`` adds a kind's own conditions."""

    scope: Scope
    kind: str
    parent: str | None = None
    name_contains: str | None = None
    status: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    modified_after: int | None = None
    modified_before: int | None = None
    where: tuple[sa.ColumnElement[bool], ...] = ()
    sort: str = "CreationTime"
    descending: bool = False
    limit: int = 10
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, and the token of the next where there is one."""

    rows: Sequence[ResourceRow]
    token: str | None


def select_page(session: Session, query: Query) -> Page:
    """One page. Its cost depends on the page and the filters, not on how many rows there are."""
    rows = session.scalars(statement(query)).all()
    if len(rows) <= query.limit:
        return Page(rows, None)
    return Page(rows[: query.limit], token_after(query, rows[query.limit - 1]))


def token_after(query: Query, row: ResourceRow) -> str:
    """The token that continues a list after a row."""
    cursor = [getattr(row, column.key) for column in SORTS[query.sort]]
    return encode_cursor([query.kind, query.sort, query.descending, *cursor])


def statement(query: Query) -> sa.Select[ResourceRow]:
    """The SELECT of one page and, to tell whether there is another, one row more."""
    columns = SORTS[query.sort]
    conditions = _conditions(query)
    if query.token is not None:
        cursor = _decode(query.token, query)
        here = sa.tuple_(*columns)
        there = sa.tuple_(*map(sa.literal, cursor, (column.type for column in columns)))
        conditions.append(here < there if query.descending else here > there)
    order = (column.desc() if query.descending else column.asc() for column in columns)
    return sa.select(ResourceRow).where(*conditions).order_by(*order).limit(query.limit + 1)


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    wanted = (
        (ResourceRow.parent, operator.eq, query.parent),
        (ResourceRow.status, operator.eq, query.status),
        (ResourceRow.created_at, operator.ge, query.created_after),
        (ResourceRow.created_at, operator.le, query.created_before),
        (ResourceRow.modified_at, operator.ge, query.modified_after),
        (ResourceRow.modified_at, operator.le, query.modified_before),
    )
    conditions = [
        ResourceRow.account == query.scope.account,
        ResourceRow.region == query.scope.region,
        ResourceRow.kind == query.kind,
        *(compare(column, value) for column, compare, value in wanted if value is not None),
        *query.where,
    ]
    if query.name_contains:
        # instr and position, unlike LIKE, are case-sensitive on both databases and need no escaping.
        conditions.append(_contains(ResourceRow.name, query.name_contains))
    return conditions


def _contains(column: InstrumentedAttribute[str], text: str) -> sa.ColumnElement[bool]:
    return sa.func.replace(column, text, "") != column


def encode_cursor(document: list[Any]) -> str:
    """An opaque token that carries a JSON list."""
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def decode_cursor(token: str) -> list[Any]:
    """The list that a token carries; ValidationError where it carries none."""
    try:
        document = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, RecursionError) as error:
        raise ValidationError("Invalid pagination token.") from error
    if not isinstance(document, list):
        raise ValidationError("Invalid pagination token.")
    return document


def _decode(token: str, query: Query) -> list[Any]:
    match decode_cursor(token):
        case [kind, sort, descending, *cursor]:
            pass
        case _:
            raise ValidationError("Invalid pagination token.")
    if (kind, sort, descending) != (query.kind, query.sort, query.descending):
        raise ValidationError("The pagination token belongs to a list with another sort.")
    columns = SORTS[query.sort]
    if [type(value) for value in cursor] != [column.type.python_type for column in columns]:
        raise ValidationError("Invalid pagination token.")
    return cursor
