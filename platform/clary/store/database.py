"""Engine and sessions over SQLite (WAL) or PostgreSQL: short writes, durable when they return."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clary.store.turns import Turns

BUSY_TIMEOUT_MS = 30_000


class Database:
    """One engine, two kinds of transaction: ``read()`` never blocks, ``write()`` takes its turn at once."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = self.engine.execution_options(clary_write=True)
        self._turns = _turns(self.engine) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries alone; what it changes is rolled back."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises.

        On SQLite it begins IMMEDIATE, so that two writers queue instead of failing half way.
        """
        with self._take_turn(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def transact(self) -> Iterator[sa.Connection]:
        """A connection whose writes are committed when the block ends and undone when it raises."""
        with self._take_turn(), self._writing.begin() as connection:
            yield connection

    def _take_turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.take()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        if self._turns is not None:
            self._turns.close()


def _turns(engine: sa.Engine) -> Turns:
    database = engine.url.database
    path = Path(f"{database}-turn") if database and database != ":memory:" else None
    return Turns(path, patience=BUSY_TIMEOUT_MS / 1000)


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, max_overflow=30
        )
    # The connection used last has the warmest page cache.
    engine = sa.create_engine(
        parsed,
        pool_size=10,
        max_overflow=60,
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN is switched off: _begin_sqlite chooses the kind of transaction.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("clary_write", False)
    # Every transaction begins: the driver takes a tenth of the time that SQLAlchemy's own path takes.
    driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
    statement = "BEGIN IMMEDIATE" if write else "BEGIN"
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise sa.exc.OperationalError(statement, None, error) from error
