"""The ASGI application: AWS requests go straight to the wire, the platform's own pages to FastAPI."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from clary.aws import operations
from clary.aws.app import WireApp
from clary.gateway.administrator import keep_administrator
from clary.gateway.api import create_api
from clary.gateway.asgi import ASGIApp, Receive, Scope, Send
from clary.gateway.lifespan import Lifespan
from clary.gateway.telemetry import drop_report, is_report
from clary.hosting.router import Router
from clary.kernel.platform import Platform
from clary.objectstore.service import ObjectStore
from clary.rest import ROOT
from clary.rest.app import RestApp

if TYPE_CHECKING:
    from clary.gateway.external_store import ExternalStore

_OWN_PREFIXES = ("/_clary/", f"{ROOT}/")


class Gateway:
    """Decides by the path before any framework sees the request: the hot paths pay for nothing else."""

    def __init__(self, *, wire: ASGIApp, api: ASGIApp, lifespan: ASGIApp) -> None:
        self._wire = wire
        self._api = api
        self._lifespan = lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["path"].startswith(_OWN_PREFIXES) and not _is_signed(scope):
            await self._api(scope, receive, send)
        elif is_report(scope):
            await drop_report(scope, receive, send)
        else:
            await self._wire(scope, receive, send)


def create_app(platform: Platform) -> ASGIApp:
    """The whole gateway over an open platform whose schema is current."""
    keep_administrator(platform)
    operations.discover()
    router, store = Router(platform), open_store(platform)
    wire = WireApp(platform, streaming={"s3": store, "sagemaker-runtime": router})
    rest = RestApp(platform, runtime=router)
    close_store = _later(store.close) if isinstance(store, ObjectStore) else store.close
    lifespan = Lifespan([router.close, _later(wire.close), _later(rest.close), close_store])
    return Gateway(wire=wire, api=create_api(platform, rest), lifespan=lifespan)


def open_store(platform: Platform) -> "ObjectStore | ExternalStore":
    """What answers S3 requests: the embedded store, unless the settings name another server."""
    if not platform.settings.s3_endpoint_url:
        return ObjectStore(platform)
    from clary.gateway.external_store import ExternalStore  # loads botocore's signers

    return ExternalStore(platform.settings)


def _later(close: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    # It waits for threads, which must not stop the loop.
    return partial(asyncio.to_thread, close)


def _is_signed(scope: Scope) -> bool:
    # An object may be called `api/v1/…` in a bucket called `api`; its requests carry AWS's signature.
    query = scope["query_string"]
    if b"X-Amz-Signature=" in query or b"AWSAccessKeyId=" in query:
        return True
    return any(name == b"authorization" and value.startswith(b"AWS") for name, value in scope["headers"])
