"""Keeps the routing snapshot fresh, and keeps the last good one while the database is away."""

import asyncio
import logging
from contextlib import suppress

from clary.hosting.snapshot import EMPTY, Snapshot, read_records
from clary.store import Database

_LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.15
# Requests for endpoints that do not exist must not keep the database busy: reads are so far apart.
SPACING_SECONDS = 0.02


class Routes:
    """The current snapshot, read anew when the routes' revision changes. Belongs to one event loop."""

    def __init__(self, database: Database) -> None:
        self.snapshot: Snapshot = EMPTY
        self.is_current = True
        self._database = database
        self._lock = asyncio.Lock()
        self._started_at = float("-inf")
        self._poll: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Start to look for changes every 150 ms; does nothing where that runs already."""
        if self._poll is None:
            self._poll = asyncio.create_task(self._watch(), name="routes")

    async def close(self) -> None:
        """Stop looking for changes."""
        if self._poll is not None:
            self._poll.cancel()
            with suppress(asyncio.CancelledError):
                await self._poll
            self._poll = None

    async def refresh(self) -> None:
        """Make sure that the snapshot was read after this call; callers that come together share one read."""
        asked_at = asyncio.get_running_loop().time()
        async with self._lock:
            if self._started_at <= asked_at:
                await self._read()

    async def _watch(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._started_at + SPACING_SECONDS - loop.time()))
        self._started_at = loop.time()
        try:
            records = await asyncio.to_thread(read_records, self._database, self.snapshot.revision)
            if records is not None:
                self.snapshot = self.snapshot.succeed(records)
        except Exception:  # whatever it is, the last good routes are better than none
            if self.is_current:
                _LOG.exception(
                    "Routes cannot be read; requests go by those of revision %s", self.snapshot.revision
                )
            self.is_current = False
            return
        if not self.is_current:
            _LOG.warning("Routes can be read again")
        self.is_current = True
