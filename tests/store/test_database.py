"""Transactions: writers queue and lose nothing, readers neither wait nor see what is not committed."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clary.store import Base, Database
from clary.store.tables import MetricRow, RevisionRow, TagRow
from support.counting import ROUNDS, add_counter, add_one, count_in_processes, read_counter

WRITERS = 8


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    add_counter(database)
    yield database
    database.dispose()


def test_a_write_is_there_when_the_block_ends(database: Database, database_url: str) -> None:
    with database.write() as session:
        session.add(TagRow(arn="arn", key="key", value="value"))
    other = Database(database_url)
    with other.read() as session:
        assert session.get_one(TagRow, ("arn", "key")).value == "value"
    other.dispose()


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with suppress(ZeroDivisionError), database.write() as session:
        session.add(TagRow(arn="arn", key="key", value="value"))
        session.flush()
        _ = 1 / 0
    with database.read() as session:
        assert session.get(TagRow, ("arn", "key")) is None


def test_what_a_read_changes_is_rolled_back(database: Database) -> None:
    with database.read() as session:
        session.execute(sa.update(RevisionRow).values(value=7))
    assert read_counter(database) == 0


def test_writers_of_one_process_lose_no_update(database: Database) -> None:
    def add_many(_writer: int) -> None:
        for _ in range(ROUNDS):
            add_one(database)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(add_many, range(WRITERS)))
    assert read_counter(database) == WRITERS * ROUNDS


def test_writers_of_several_processes_lose_no_update(database: Database, database_url: str) -> None:
    count_in_processes(database_url, processes=3)
    assert read_counter(database) == 3 * ROUNDS


def test_readers_neither_wait_nor_see_what_is_not_committed(database: Database) -> None:
    with database.write() as session:
        session.execute(sa.update(RevisionRow).values(value=1))
        assert read_counter(database) == 0
    assert read_counter(database) == 1


def test_a_reader_keeps_no_writer_waiting(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(sa.select(RevisionRow.value)) == 0
        add_one(database)
    assert read_counter(database) == 1


def test_rules_between_tables_are_kept(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(MetricRow(resource_id=1, name="loss", at=1, value=0.5))


def test_a_second_writer_waits_for_the_first_on_sqlite(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(database.engine)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        begun = threading.Event()
        writing = threading.Thread(target=write_tag, args=(database, begun))
        writing.start()
        begun.wait()
        writing.join(0.2)
        assert writing.is_alive()
        stranger.execute("COMMIT")
        writing.join(30)
    with database.read() as session:
        assert session.get(TagRow, ("arn", "key")) is not None
    database.dispose()


def write_tag(database: Database, begun: threading.Event) -> None:
    begun.set()
    with database.write() as session:
        session.add(TagRow(arn="arn", key="key", value="value"))
