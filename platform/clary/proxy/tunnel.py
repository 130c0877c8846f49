"""Bytes both ways between two connections, until both have said all."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Stream:
    """One connection: what comes from it and what goes to it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, host: str, port: int, *, tls: bool = False) -> Self:
        """A connection to a server; OSError where it does not answer."""
        return cls(*await asyncio.open_connection(host, port, limit=BLOCK, ssl=tls or None))

    async def close(self) -> None:
        """End the connection once what was written is sent."""
        self.writer.close()
        # It may have ended already, by the other side's doing.
        with suppress(OSError):
            await self.writer.wait_closed()


async def join(one: Stream, other: Stream) -> None:
    """Carry bytes both ways; ends, with both connections, when each has finished or either has failed."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_copy(one.reader, other.writer))
            tasks.create_task(_copy(other.reader, one.writer))
    except* OSError:
        # Either side may leave at any time; the other learns of it by the end of its own connection.
        pass
    finally:
        await one.close()
        await other.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while block := await source.read(BLOCK):
        target.write(block)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
    else:
        # TLS has no end of one direction alone.
        target.close()
