"""Lists of a neighbour's own rows: ordered by a unique column, cut in SQL, continued by opaque tokens."""

import base64
import json
from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from clary.kernel.errors import ServiceError
from clary.store import Base

Row = TypeVar("Row", bound=Base)


def select_page(
    session: Session,
    entity: type[Row],
    *conditions: sa.ColumnElement[bool],
    key: InstrumentedAttribute[str],
    limit: int,
    token: str | None,
    invalid: ServiceError,
    descending: bool = False,
) -> tuple[Sequence[Row], str | None]:
    """One page of an entity's rows, and the token of the next page only where there is one.

    Raises ``invalid`` for a token that no list gave.
    """
    statement = sa.select(entity).where(*conditions).order_by(key.desc() if descending else key.asc())
    if token is not None:
        last = decode_token(token, str, invalid)
        statement = statement.where(key < last if descending else key > last)
    rows = session.scalars(statement.limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_token(getattr(rows[limit - 1], key.key))


def encode_token(value: Any) -> str:
    """An opaque token that carries a JSON value."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def decode_token(token: str, kind: type, invalid: ServiceError) -> Any:
    """The value that a token carries; raises ``invalid`` where it carries none of that kind."""
    try:
        value = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, RecursionError) as error:
        raise invalid from error
    if not isinstance(value, kind):
        raise invalid
    return value


def contains(column: InstrumentedAttribute[str], text: str) -> sa.ColumnElement[bool]:
    """Whether a column's text contains another: case counts."""
    return sa.func.replace(column, text, "") != column


def starts_with(column: InstrumentedAttribute[str], prefix: str) -> sa.ColumnElement[bool]:
    """Whether a column's text starts with a prefix: case counts, as it would not with LIKE on SQLite."""
    return sa.func.substr(column, 1, len(prefix)) == prefix
