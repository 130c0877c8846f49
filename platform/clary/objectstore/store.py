"""What every request of the object store shares: the database, the folder of bodies, and its own threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy as sa

from clary.aws.credentials import Credentials
from clary.kernel.platform import Platform
from clary.objectstore.bodies import Bodies
from clary.objectstore.commits import Change, GroupCommit
from clary.objectstore.garbage import GarbageCollector
from clary.objectstore.lookups import ObjectLookup
from clary.objectstore.records import Found, find_object

_THREADS = 16

Result = TypeVar("Result")


class Store:
    """The storage below the S3 operations. Its threads start with the first request."""

    def __init__(self, platform: Platform) -> None:
        self.database = platform.database
        self.bodies = Bodies(platform.settings.folder / "objects")
        self.credentials = Credentials(platform.database)
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="objectstore")
        self._commits = GroupCommit(self.database)
        self._lookup = ObjectLookup(self.database) if self.database.is_sqlite else None
        self._garbage = GarbageCollector(self.database, self.bodies)

    def start(self, function: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Run what may block on the disk in a thread of the store's own."""
        return asyncio.get_running_loop().run_in_executor(self._executor, function)

    async def run(self, function: Callable[[], Result]) -> Result:
        """The result of :meth:`start`."""
        return await self.start(function)

    async def find_object(self, bucket: str, key: bytes, *, with_data: bool = False) -> Found:
        """A bucket and one of its objects: at once on SQLite, where that is cheaper than changing threads."""
        if self._lookup is not None:
            return self._lookup.find(bucket, key, with_data=with_data)
        return await self.read(lambda connection: find_object(connection, bucket, key, with_data=with_data))

    async def read(self, query: Callable[[sa.Connection], Result]) -> Result:
        """Read in a thread."""
        return await self.run(lambda: self._query(query))

    async def commit(self, change: Change[Result]) -> Result:
        """Write; durable when it returns (see ``commits``)."""
        return await self._commits.commit(change)

    def collect_garbage(self) -> None:
        """Have what no row names deleted, soon."""
        self._garbage.wake()

    def close(self) -> None:
        """Finish what is queued, end the threads, give up the claim on the folder."""
        self._executor.shutdown()
        self._commits.close()
        self._garbage.close()
        if self._lookup is not None:
            self._lookup.close()
        self.bodies.close()

    def _query(self, query: Callable[[sa.Connection], Result]) -> Result:
        with self.database.engine.connect() as connection:
            return query(connection)
