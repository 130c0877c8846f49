"""Group commit: changes that wait at the same time share one transaction and one fsync.

A change is a function of a connection. It may run twice, and it raises ServiceError before it writes.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import sqlalchemy as sa

from clary.kernel.errors import ServiceError
from clary.store import Database

_LIMIT = 256
# Any constant will do: the store's writers of all processes take turns, as SQLite's do by themselves.
_POSTGRESQL_LOCK = 7_231_964_012_118

Result = TypeVar("Result")
Change = Callable[[sa.Connection], Result]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    change: Change[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: Exception | None = None

    def run(self, connection: sa.Connection) -> None:
        self.error = None
        try:
            self.result = self.change(connection)
        except ServiceError as error:
            self.error = error

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupCommit:
    """One writer thread that drains a queue of changes, a transaction at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="objectstore-writer", daemon=True)
        self._thread.start()

    async def commit(self, change: Change[Result]) -> Result:
        """Run the change; its result is durable when this returns. Raises what the change raised."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(change, loop.create_future(), loop)
        self._queue.put(waiting)
        result: Result = await waiting.future
        return result

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            closing = self._drain_into(batch)
            self._commit_all(batch)
            _settle(batch)
            if closing:
                return

    def _drain_into(self, batch: list[_Waiting]) -> bool:
        while len(batch) < _LIMIT:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return False
            if waiting is None:
                return True
            batch.append(waiting)
        return False

    def _commit_all(self, batch: list[_Waiting]) -> None:
        try:
            self._transact(batch)
        except Exception as error:
            # A failure undoes the neighbours' changes too: each then gets a transaction of its own, once.
            if len(batch) == 1:
                batch[0].error = error
                return
            for waiting in batch:
                self._commit_all([waiting])

    def _transact(self, batch: list[_Waiting]) -> None:
        with self._database.transact() as connection:
            take_turn(connection)
            for waiting in batch:
                waiting.run(connection)


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other transaction writes to the store; a writer of SQLite is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))


def _settle(batch: list[_Waiting]) -> None:
    for loop in {waiting.loop for waiting in batch}:
        settled = [waiting for waiting in batch if waiting.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle_here, settled)
        except RuntimeError:
            # The loop was closed: nobody waits for these any more.
            logger.debug("%d changes were committed after their event loop closed", len(settled))


def _settle_here(batch: list[_Waiting]) -> None:
    for waiting in batch:
        waiting.settle()
