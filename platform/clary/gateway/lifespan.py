"""ASGI's lifespan: what must be closed when the server stops."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from clary.gateway.asgi import Receive, Scope, Send

log = logging.getLogger(__name__)

Close = Callable[[], Awaitable[None]]


class Lifespan:
    """Answers the server's lifespan messages; on shutdown it closes everything, in order."""

    def __init__(self, closers: Sequence[Close]) -> None:
        self._closers = closers

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for close in self._closers:
            try:
                await close()
            except Exception:
                log.exception("closing failed")
        await send({"type": "lifespan.shutdown.complete"})
