"""Log groups and streams: which there are, and the file that holds each stream's lines.

Files lie under the data folder as ``logs/<account>/<region>/<group>/<stream>-<random>.log``. Names are cut to
what any file system takes; the random part alone keeps files apart.
"""

import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from clary.store.tables import Base

_READABLE_LENGTH = 80


class LogGroupRow(Base):
    """A log group of one account and region."""

    __tablename__ = "log_groups"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account: Mapped[str]
    region: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[int]
    retention_in_days: Mapped[int | None]
    kms_key_id: Mapped[str | None]
    log_group_class: Mapped[str] = mapped_column(default="STANDARD")

    __table_args__ = (sa.UniqueConstraint("account", "region", "name", name="log_groups_name"),)


class LogStreamRow(Base):
    """A log stream; ``path`` is relative to the data folder, ``in_order`` ends with the first late batch."""

    __tablename__ = "log_streams"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("log_groups.id", ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[int]
    path: Mapped[str] = mapped_column(unique=True)
    in_order: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (sa.UniqueConstraint("group_id", "name", name="log_streams_name"),)


def find_group(session: Session, *, account: str, region: str, group: str) -> LogGroupRow | None:
    """The group of that name, or None."""
    return session.scalar(_select_group(account, region, group))


def find_stream(session: Session, group: LogGroupRow, stream: str) -> LogStreamRow | None:
    """The group's stream of that name, or None."""
    return session.scalar(_select_stream(group.id, stream))


def create_group(
    session: Session,
    *,
    account: str,
    region: str,
    group: str,
    kms_key_id: str | None = None,
    log_group_class: str = "STANDARD",
) -> LogGroupRow | None:
    """A new group; None where the name is taken, however close the race."""
    row = LogGroupRow(
        account=account,
        region=region,
        name=group,
        created_at=_now(),
        kms_key_id=kms_key_id,
        log_group_class=log_group_class,
    )
    return row if _insert(session, row) else None


def create_stream(session: Session, group: LogGroupRow, stream: str) -> LogStreamRow | None:
    """A new stream; None where the name is taken, however close the race."""
    folder = PurePosixPath("logs", group.account, group.region, _readable(group.name))
    row = LogStreamRow(
        group_id=group.id,
        name=stream,
        created_at=_now(),
        path=str(folder / f"{_readable(stream)}-{secrets.token_hex(8)}.log"),
    )
    return row if _insert(session, row) else None


def ensure_stream(session: Session, *, account: str, region: str, group: str, stream: str) -> Path:
    """The path of a stream's file, relative to the data folder; makes the group and the stream where missing.

    The file and its folder appear with the first line: whoever appends makes them.
    """
    owner = find_group(session, account=account, region=region, group=group)
    if owner is None:
        create_group(session, account=account, region=region, group=group)
        owner = session.scalars(_select_group(account, region, group)).one()
    row = find_stream(session, owner, stream)
    if row is None:
        create_stream(session, owner, stream)
        row = session.scalars(_select_stream(owner.id, stream)).one()
    return Path(row.path)


def delete_stream(session: Session, stream: LogStreamRow) -> Path:
    """Forget a stream; gives its file for :func:`remove_files`, to be called once this is committed."""
    session.execute(sa.delete(LogStreamRow).where(LogStreamRow.id == stream.id))
    return Path(stream.path)


def delete_group(session: Session, group: LogGroupRow) -> list[Path]:
    """Forget a group and its streams; gives their files for :func:`remove_files`, once this is committed."""
    paths = session.scalars(sa.select(LogStreamRow.path).where(LogStreamRow.group_id == group.id)).all()
    session.execute(sa.delete(LogGroupRow).where(LogGroupRow.id == group.id))
    return [Path(path) for path in paths]


def remove_files(folder: Path, paths: Iterable[Path]) -> None:
    """Remove the files of deleted streams from the data folder; a file that isn't there is no error."""
    for path in paths:
        (folder / path).unlink(missing_ok=True)


def _insert(session: Session, row: Base) -> bool:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def _select_group(account: str, region: str, group: str) -> sa.Select[LogGroupRow]:
    return sa.select(LogGroupRow).where(
        LogGroupRow.account == account, LogGroupRow.region == region, LogGroupRow.name == group
    )


def _select_stream(group_id: int, stream: str) -> sa.Select[LogStreamRow]:
    return sa.select(LogStreamRow).where(LogStreamRow.group_id == group_id, LogStreamRow.name == stream)


def _readable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:_READABLE_LENGTH] or "log"


def _now() -> int:
    return time.time_ns() // 1000
