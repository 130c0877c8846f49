"""The HTTP server: uvicorn on uvloop and httptools, on sockets that were opened elsewhere."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence

import uvicorn

from clary.gateway.asgi import ASGIApp
from clary.gateway.protocol import GatheringProtocol

KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 30
MAX_CONNECTIONS = 8192


class _Server(uvicorn.Server):
    """Says when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def serve(app: ASGIApp, listeners: Sequence[socket.socket], *, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests at hand get 30 s to finish."""
    # uvicorn handles the signals while it serves and raises them again afterwards, when they are done with.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=GatheringProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config, on_ready)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=list(listeners)))
    if not server.started:
        raise RuntimeError("the gateway did not start; its log says why")
