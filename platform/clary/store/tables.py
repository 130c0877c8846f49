"""Tables that every kind of resource shares. Times are integer microseconds since the epoch, UTC."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JSONObject = dict[str, Any]


class Base(DeclarativeBase):
    """The declarative base of every table of the platform."""

    type_annotation_map = {  # noqa: RUF012
        JSONObject: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
        int: sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        # Names sort by code point on both databases, as AWS sorts them.
        str: sa.String().with_variant(sa.String(collation="C"), "postgresql"),
    }


def table_of(rows: type[Base]) -> sa.Table:
    """The table of a class: statements on it skip the unit of work, for rows that nobody holds as objects."""
    table = rows.__table__
    assert isinstance(table, sa.Table)
    return table


class ResourceRow(Base):
    """One resource of any kind: what was asked (spec), what was observed (state), and who works on it."""

    __tablename__ = "resources"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uid: Mapped[str] = mapped_column(unique=True)
    account: Mapped[str]
    region: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    arn: Mapped[str]
    parent: Mapped[str | None]
    status: Mapped[str]
    secondary: Mapped[str | None]
    failure_reason: Mapped[str | None]
    spec: Mapped[JSONObject]
    state: Mapped[JSONObject]
    created_at: Mapped[int]
    modified_at: Mapped[int]
    generation: Mapped[int] = mapped_column(default=1)
    wake_at: Mapped[int | None]
    lock_token: Mapped[str | None]
    lock_owner: Mapped[str | None]
    lock_expires_at: Mapped[int | None]

    __table_args__ = (
        sa.UniqueConstraint("account", "region", "kind", "name", name="resources_name"),
        sa.Index("resources_created", "account", "region", "kind", "created_at", "id"),
        sa.Index("resources_modified", "account", "region", "kind", "modified_at", "id"),
        sa.Index("resources_status", "account", "region", "kind", "status", "created_at", "id"),
        sa.Index("resources_parent", "parent", "created_at"),
        sa.Index("resources_arn", "arn"),
        sa.Index(
            "resources_wake",
            "wake_at",
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        ),
    )


class TransitionRow(Base):
    """One change of a resource's status or secondary status, in order."""

    __tablename__ = "transitions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="CASCADE"), index=True)
    at: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    secondary: Mapped[str | None]
    message: Mapped[str | None]


class TagRow(Base):
    """One tag of one resource, by ARN."""

    __tablename__ = "tags"

    arn: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class CredentialRow(Base):
    """An access key: its secret, the account and principal that it speaks for, and when it ends."""

    __tablename__ = "credentials"

    access_key_id: Mapped[str] = mapped_column(primary_key=True)
    secret_access_key: Mapped[str]
    session_token: Mapped[str | None]
    account: Mapped[str] = mapped_column(index=True)
    principal: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None]


class MetricRow(Base):
    """One value of one metric of one resource."""

    __tablename__ = "metrics"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="CASCADE"))
    name: Mapped[str]
    at: Mapped[int]
    step: Mapped[int | None]
    value: Mapped[float]

    __table_args__ = (sa.Index("metrics_series", "resource_id", "name", "at"),)


class InstanceRow(Base):
    """One serving instance of an endpoint's variant: where it listens and whether traffic may go there.

    ``state`` is ``Pending``, ``Starting``, ``Healthy``, ``Draining`` or ``Dead``. Routers read this table.
    """

    __tablename__ = "instances"

    id: Mapped[str] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int]
    variant: Mapped[str]
    host: Mapped[str | None]
    port: Mapped[int | None]
    state: Mapped[str]
    container: Mapped[str]
    created_at: Mapped[int]
    changed_at: Mapped[int]


class RevisionRow(Base):
    """A counter a subject; a reader that sees it unchanged may keep its snapshot (subject ``routes``)."""

    __tablename__ = "revisions"

    subject: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
