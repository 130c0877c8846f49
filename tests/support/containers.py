"""Toy model servers: real HTTP on loopback, in threads of this process."""

import asyncio
import json
import threading
from typing import Any

from aiohttp import web

LARGEST = 64 << 20


class ToyContainer:
    """Answers ``/invocations`` with what it was sent; a body ``{"do": …}`` asks for something else.

    ``fail``: that status and text. ``wait``: answer only after ``release`` is called. ``large``: that many
    bytes, in pieces. ``break``: close the connection without an answer, or after a part of one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0
        self.waiting = 0
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner: web.AppRunner | None = None
        self.port: int = self._run(self._start())

    def release(self) -> None:
        """Let every waiting request go on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            self.release()
            self._run(self._runner.cleanup())
            self._runner = None
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> int:
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post("/invocations", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        address: tuple[str, int] = self._runner.addresses[0]
        return address[1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        body = await request.read()
        match _command(body):
            case {"do": "fail", "status": status, "text": text}:
                return web.Response(status=status, text=text)
            case {"do": "wait"}:
                self.waiting += 1
                await self._released.wait()
                self.waiting -= 1
            case {"do": "large", "size": size}:
                return await _stream(request, size)
            case {"do": "break", "after": after, "status": status}:
                return await _break(request, after, status)
        described = {
            "container": self.name,
            "size": len(body),
            "headers": {name.lower(): value for name, value in request.headers.items()},
        }
        attributes = request.headers.get("X-Amzn-SageMaker-Custom-Attributes", "none")
        headers = {"X-Amzn-SageMaker-Custom-Attributes": f"seen {attributes}", "X-Private": "secret"}
        return web.json_response(described, headers=headers)


def _command(body: bytes) -> Any:
    try:
        return json.loads(body) if body.startswith(b'{"do"') else None
    except ValueError:
        return None


async def _stream(request: web.Request, size: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    for _ in range(size >> 20):
        await response.write(bytes(1 << 20))
    return response


async def _break(request: web.Request, after: int, status: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Length": str(after + 1)})
    assert request.transport is not None
    if after:
        await response.prepare(request)
        await response.write(bytes(after))
    request.transport.close()
    return response
