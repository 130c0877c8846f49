"""Sends a stored body: blocks are read ahead by a thread while the one before goes out."""

import asyncio

from clary.aws.exchange import Exchange, Headers
from clary.objectstore.reading import SegmentReader
from clary.objectstore.store import Store


async def send_body(
    store: Store, exchange: Exchange, reader: SegmentReader, *, status: int, headers: Headers
) -> None:
    """Answer with all that the reader gives, and close it. Stops early where the client has gone."""
    gone: asyncio.Task[None] | None = None
    following: asyncio.Future[bytes] | None = None
    try:
        block = await store.run(reader.read)
        await exchange.start(status, headers)
        gone = asyncio.create_task(wait_for_disconnect(exchange))
        while block and not gone.done():
            following = store.start(reader.read)
            await exchange.write(block)
            block = await following
        if not gone.done():
            await exchange.write(b"", more=False)
    finally:
        if gone is not None:
            gone.cancel()
        if following is not None and not following.done():
            await asyncio.wait([following])
        reader.close()


async def wait_for_disconnect(exchange: Exchange) -> None:
    """Return once the client has closed the connection; its request must have been read."""
    while (await exchange.receive())["type"] != "http.disconnect":
        pass
