"""Tags by ARN, whatever the resource."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel.errors import ValidationError
from clary.store.tables import TagRow, table_of

MAX_TAGS = 50

_INSERT = sa.insert(table_of(TagRow))


def add_tags(session: Session, arn: str, tags: Mapping[str, str]) -> None:
    """Give a new resource its tags."""
    rows = [{"arn": arn, "key": key, "value": value} for key, value in tags.items()]
    session.connection().execute(_INSERT, rows)


def put_tags(session: Session, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags to a resource, replacing values of keys that it has."""
    have = get_tags(session, arn)
    if len(have | dict(tags)) > MAX_TAGS:
        raise ValidationError(f"The number of tags on {arn} exceeds the maximum of {MAX_TAGS}.")
    for key, value in tags.items():
        session.merge(TagRow(arn=arn, key=key, value=value))


def get_tags(session: Session, arn: str) -> dict[str, str]:
    """A resource's tags, by key in order."""
    rows = session.scalars(sa.select(TagRow).where(TagRow.arn == arn).order_by(TagRow.key))
    return {row.key: row.value for row in rows}


def remove_tags(session: Session, arn: str, keys: Iterable[str] | None = None) -> None:
    """Remove the named tags, or all of them."""
    statement = sa.delete(TagRow).where(TagRow.arn == arn)
    if keys is not None:
        statement = statement.where(TagRow.key.in_(list(keys)))
    session.execute(statement)
