"""Brings a request's body into the store: the event loop gathers blocks, a thread hashes and writes them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from clary.kernel.errors import ServiceError
from clary.objectstore.bodies import body_path
from clary.objectstore.intake import INLINE_LIMIT, Body, Intake
from clary.objectstore.promises import BodyPromise
from clary.objectstore.store import Store

_BLOCK = 1024 * 1024

Result = TypeVar("Result")


@asynccontextmanager
async def receive_body(
    store: Store, stream: AsyncIterator[bytes], promise: BodyPromise, *, upload_path: Callable[[int], str] | None = None
) -> AsyncIterator[Body]:
    """The body, safe on disk or, where it is small, in memory; deleted again where the block refuses it.

    ``upload_path`` gives the path of a part's file; parts are never inline.
    """
    body = store.bodies.new_id()
    make_path = upload_path or (body_path if promise.size > INLINE_LIMIT else None)
    intake = Intake(promise, store.bodies, body=body, path=make_path(body) if make_path else None)
    try:
        yield await _fill(store, stream, intake, in_thread=make_path is not None)
    except ServiceError:
        await store.run(intake.discard)
        raise
    except BaseException:
        # Whether a row names the file is not known (the commit may have been under way): a sweep will tell.
        store.bodies.leave_behind()
        raise


async def _fill(store: Store, stream: AsyncIterator[bytes], intake: Intake, *, in_thread: bool) -> Body:
    if not in_thread:
        intake.feed([chunk async for chunk in stream])
        return intake.finish()
    working: asyncio.Future[None] | None = None
    try:
        async for block in _gather(stream):
            if working is not None:
                await working
            working = asyncio.ensure_future(store.run(lambda block=block: intake.feed(block)))
        if working is not None:
            await working
    finally:
        if working is not None and not working.done():
            await asyncio.wait([working])
    return await store.run(intake.finish)


async def _gather(stream: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Blocks of about a mebibyte: changing threads for every packet would cost more than hashing it."""
    block: list[bytes] = []
    size = 0
    async for chunk in stream:
        block.append(chunk)
        size += len(chunk)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block
