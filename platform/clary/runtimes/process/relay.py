"""Lets this machine reach a server that sits in a network namespace of its own.

Runs inside that namespace with a listening socket made outside it: what connects there is joined to the same
port in here. Standard library alone.
"""

import asyncio
import signal
import socket

_CHUNK = 1 << 16


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except ConnectionError:
        writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, port: int) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:  # the server does not listen yet: the caller sees a closed connection
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    for end in (inner_writer, writer):
        end.close()


async def _serve(listener: socket.socket, port: int) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _join(reader, writer, port=port), sock=listener
    )
    await server.serve_forever()


def main(arguments: list[str]) -> int:
    """Serve the port ``arguments[0]`` through the inherited socket ``arguments[1]`` until killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(_serve(socket.socket(fileno=int(arguments[1])), int(arguments[0])))
    return 0
