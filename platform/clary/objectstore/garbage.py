"""Deletes what no row names: bodies replaced or removed, and what a process that died left uncommitted.

The transaction that retires a body lists its path in ``s3_garbage``; the collector deletes the file, then the
row. A folder of parts that a reader holds is left for a later round.
"""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from clary.objectstore.bodies import Bodies
from clary.objectstore.claims import SEQUENCE_BITS, take_over_dead
from clary.objectstore.tables import garbage, objects, parts, uploads
from clary.store import Database

_PAGE = 500
_GATHER_SECONDS = 0.25
_ROUND_SECONDS = 60.0

logger = logging.getLogger(__name__)


class GarbageCollector:
    """A thread that sweeps once after dead processes, then deletes whenever it is woken."""

    def __init__(self, database: Database, bodies: Bodies) -> None:
        self._database = database
        self._bodies = bodies
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="objectstore-garbage", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to delete."""
        self._wake.set()

    def close(self) -> None:
        """End the thread; what is left stays listed."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        self._attempt_sweep()
        while not self._closing.is_set():
            self._attempt_collection()
            self._wake.wait(_ROUND_SECONDS)
            self._wake.clear()
            self._closing.wait(_GATHER_SECONDS)

    def _attempt_sweep(self) -> None:
        try:
            sweep(self._database, self._bodies)
        except (OSError, sa.exc.SQLAlchemyError):
            logger.exception("The object store could not look for files left by processes that died")

    def _attempt_collection(self) -> None:
        try:
            collect(self._database, self._bodies)
        except (OSError, sa.exc.SQLAlchemyError):
            logger.exception("The object store could not delete bodies; it tries again later")


def collect(database: Database, bodies: Bodies) -> None:
    """Delete every listed path that nobody holds."""
    after = ""
    while True:
        page = sa.select(garbage.c.path).where(garbage.c.path > after).order_by(garbage.c.path).limit(_PAGE)
        with database.engine.connect() as connection:
            paths = list(connection.scalars(page))
        if not paths:
            return
        deleted = [path for path in paths if bodies.delete(path)]
        with database.write() as session:
            session.execute(sa.delete(garbage).where(garbage.c.path.in_(deleted)))
        after = paths[-1]


def sweep(database: Database, bodies: Bodies) -> None:
    """Delete what processes that died wrote and never committed."""
    dead = set()
    for number in take_over_dead(bodies.claims):
        dead.add(number)
        _sweep_after(number, database, bodies)
    if dead:
        logger.info("Swept the object store after %d processes that died", len(dead))


def _sweep_after(number: int, database: Database, bodies: Bodies) -> None:
    for folder in sorted(bodies.folder.glob("[0-9a-f][0-9a-f]")):
        entries = list(folder.iterdir())
        _delete_unnamed([entry for entry in entries if _maker(entry) == number], database, bodies)
        for upload in (entry for entry in entries if entry.is_dir()):
            _delete_unnamed_parts(upload, number, database)


def _delete_unnamed(candidates: list[Path], database: Database, bodies: Bodies) -> None:
    for start in range(0, len(candidates), _PAGE):
        page = {int(path.name, 16): path for path in candidates[start : start + _PAGE]}
        with database.engine.connect() as connection:
            named = _named(connection, page)
        for body, path in page.items():
            if body not in named:
                bodies.delete(str(path.relative_to(bodies.folder)))


def _delete_unnamed_parts(upload: Path, number: int, database: Database) -> None:
    candidates = [path for path in upload.iterdir() if _maker(path) == number]
    if not candidates:
        return
    with database.engine.connect() as connection:
        named = set(connection.scalars(sa.select(parts.c.file).where(parts.c.body == int(upload.name, 16))))
    for path in candidates:
        if int(path.name, 16) not in named:
            path.unlink(missing_ok=True)


def _named(connection: sa.Connection, bodies: Iterable[int]) -> set[int]:
    ids = list(bodies)
    stored = sa.select(objects.c.body).where(objects.c.layout != "inline", objects.c.body.in_(ids))
    listed = sa.select(uploads.c.id).where(uploads.c.id.in_(ids))
    return {*connection.scalars(stored), *connection.scalars(listed)}


def _maker(path: Path) -> int:
    return int(path.name, 16) >> SEQUENCE_BITS
