"""Lists in SQL: filters before the cut, keyset cursors, opaque tokens."""

import base64
import binascii
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

SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "Name": ResourceRow.name,
    "CreationTime": ResourceRow.created_at,
    "LastModifiedTime": ResourceRow.modified_at,
    "Status": ResourceRow.status,
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
    last = rows[query.limit - 1]
    return Page(rows[: query.limit], _encode(query, getattr(last, SORTS[query.sort].key), last.id))


def statement(query: Query) -> sa.Select[ResourceRow]:
    """The SELECT of one page and, to tell whether there is another, one row more."""
    column = SORTS[query.sort]
    conditions = _conditions(query)
    if query.token is not None:
        conditions.append(_after(query, column, _decode(query.token, query)))
    order = (
        (column.desc(), ResourceRow.id.desc()) if query.descending else (column.asc(), ResourceRow.id.asc())
    )
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


def _after(
    query: Query, column: InstrumentedAttribute[Any], cursor: tuple[Any, int]
) -> sa.ColumnElement[bool]:
    key = sa.tuple_(column, ResourceRow.id)
    value = sa.tuple_(sa.literal(cursor[0], column.type), sa.literal(cursor[1], ResourceRow.id.type))
    return key < value if query.descending else key > value


def _encode(query: Query, value: Any, row_id: int) -> str:
    document = [query.kind, query.sort, query.descending, value, row_id]
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def _decode(token: str, query: Query) -> tuple[Any, int]:
    try:
        kind, sort, descending, value, row_id = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, binascii.Error) as error:
        raise ValidationError("Invalid pagination token.") from error
    if (kind, sort, descending) != (query.kind, query.sort, query.descending) or not isinstance(row_id, int):
        raise ValidationError("The pagination token belongs to a list with another sort.")
    return value, row_id
