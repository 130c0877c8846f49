"""Counters in the database by which processes tell each other that something changed."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from clary.store.tables import RevisionRow


def count_up(session: Session, subject: str) -> int:
    """Add one to a counter, which begins at 0; its new value."""
    statement = _upsert(session, subject, 1, set_={"value": RevisionRow.value + 1}).returning(
        RevisionRow.value
    )
    counted: int = session.scalars(statement).one()
    return counted


def reach(session: Session, subject: str, value: int) -> None:
    """Bring a counter up to a value; one that is past it stays."""
    session.execute(_upsert(session, subject, value, set_={"value": value}, where=RevisionRow.value < value))


def read(session: Session, subject: str) -> int:
    """A counter's value."""
    return session.scalar(sa.select(RevisionRow.value).where(RevisionRow.subject == subject)) or 0


def _upsert(session: Session, subject: str, value: int, **otherwise: Any) -> Any:
    """Both databases have the statement, and SQLAlchemy two of it with one interface."""
    dialect: Any = sqlite if session.connection().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(RevisionRow).values(subject=subject, value=value)
    return statement.on_conflict_do_update(index_elements=[RevisionRow.subject], **otherwise)
