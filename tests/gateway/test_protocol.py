import asyncio

import uvicorn
from uvicorn.server import ServerState

from clary.gateway.asgi import Receive, Scope, Send
from clary.gateway.protocol import GatheringProtocol

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}


async def converse() -> tuple[bytes, bytes]:
    """What arrives of an answer in three writes, the last of which waits until the first two have arrived."""
    release = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two", "more_body": True})
        await release.wait()
        await send({"type": "http.response.body", "body": b"end", "more_body": False})

    config = uvicorn.Config(app, http=GatheringProtocol, ws="none", lifespan="off", port=0, log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: GatheringProtocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            first = await reader.readuntil(b"onetwo")
            release.set()
            rest = await reader.read()
        writer.close()
        await writer.wait_closed()
    return first, rest


def test_a_stream_arrives_in_order_while_it_is_made() -> None:
    first, rest = asyncio.run(converse())
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\nonetwo")
    assert rest == b"end"
