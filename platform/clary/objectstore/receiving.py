"""Brings a request's body into the store: the event loop gathers blocks, a thread hashes and writes them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from clary.kernel.errors import ServiceError
from clary.objectstore.bodies import body_path
from clary.objectstore.intake import INLINE_LIMIT, Body, Intake
from clary.objectstore.promises import BodyPromise
from clary.objectstore.store import Store

_BLOCK = 1024 * 1024

MakePath = Callable[[int], str]


@asynccontextmanager
async def receive_body(
    store: Store, stream: AsyncIterator[bytes], promise: BodyPromise, *, part_path: MakePath | None = None
) -> AsyncIterator[Body]:
    """The body, safe on disk or, where it is small, in memory; deleted again where the block refuses it.

    ``part_path`` gives the path of a part's file; parts are never inline.
    """
    body = store.bodies.new_id()
    make_path = part_path or (body_path if promise.at_most > INLINE_LIMIT else None)
    intake = Intake(promise, store.bodies, body=body, path=make_path(body) if make_path else None)
    fill = _fill_inline if make_path is None else _fill_file
    try:
        received = await fill(store, stream, intake)
    except BaseException:
        intake.discard()
        raise
    try:
        yield received
    except ServiceError:
        intake.discard()
        raise
    except BaseException:
        # Whether a row names the file is not known (the commit may be under way): a sweep will tell.
        store.bodies.leave_behind()
        raise


async def _fill_inline(_store: Store, stream: AsyncIterator[bytes], intake: Intake) -> Body:
    intake.feed([chunk async for chunk in stream])
    return intake.finish()


async def _fill_file(store: Store, stream: AsyncIterator[bytes], intake: Intake) -> Body:
    """A thread takes one block in while the next arrives; the last one is finished in the same go."""
    working: asyncio.Future[Any] | None = None
    held: list[bytes] = []
    try:
        async for block in _gather(stream):
            if held:
                if working is not None:
                    await working
                working = store.start(partial(intake.feed, held))
            held = block
        if working is not None:
            await working
        finishing = store.start(partial(_take_last, intake, held))
        working = finishing
        return await finishing
    finally:
        # A thread that still writes must not lose its file; it is done with one block at most.
        if working is not None and not working.done():
            await asyncio.wait([working])


def _take_last(intake: Intake, block: list[bytes]) -> Body:
    intake.feed(block)
    return intake.finish()


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
