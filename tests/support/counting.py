"""A counter in a database, counted up by reading first: only writers that take turns get it right."""

import multiprocessing

import sqlalchemy as sa

from clary.store import Database
from clary.store.tables import RevisionRow

ROUNDS = 25


def add_counter(database: Database) -> None:
    """Start at zero."""
    with database.write() as session:
        session.add(RevisionRow(subject="count", value=0))


def add_one(database: Database) -> None:
    """Read the counter for a change, and write it one higher."""
    with database.write() as session:
        row = session.scalars(sa.select(RevisionRow).with_for_update()).one()
        row.value += 1


def read_counter(database: Database) -> int:
    """The counter as a new reader sees it."""
    with database.read() as session:
        return session.scalars(sa.select(RevisionRow.value)).one()


def count_in_processes(url: str, *, processes: int) -> None:
    """Count up in new processes, all at once, ``ROUNDS`` times each; each must end well."""
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_count, args=(url,)) for _ in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * processes


def _count(url: str) -> None:
    database = Database(url)
    for _ in range(ROUNDS):
        add_one(database)
    database.dispose()
