"""The ASGI application: AWS requests go straight to the wire, the platform's own pages to FastAPI."""

from clary.aws import operations
from clary.aws.app import WireApp
from clary.aws.exchange import StreamingService
from clary.gateway.administrator import keep_administrator
from clary.gateway.api import create_api
from clary.gateway.asgi import ASGIApp, Receive, Scope, Send
from clary.gateway.external_store import ExternalStore
from clary.hosting.router import Router
from clary.kernel.platform import Platform
from clary.objectstore.service import ObjectStore

_OWN_PREFIXES = ("/_clary/", "/api/v1/")


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
        else:
            await self._wire(scope, receive, send)


def create_app(platform: Platform) -> ASGIApp:
    """The whole gateway over an open platform whose schema is current."""
    keep_administrator(platform)
    operations.discover()
    router = Router(platform)
    store: StreamingService = (
        ExternalStore(platform.settings.s3_endpoint_url)
        if platform.settings.s3_endpoint_url
        else ObjectStore(platform)
    )
    wire = WireApp(platform, streaming={"s3": store, "sagemaker-runtime": router})
    return Gateway(wire=wire, api=create_api(platform), lifespan=wire)


def _is_signed(scope: Scope) -> bool:
    # An object may be called `api/v1/…` in a bucket called `api`; its requests carry AWS's signature.
    query = scope["query_string"]
    if b"X-Amz-Signature=" in query or b"AWSAccessKeyId=" in query:
        return True
    return any(name == b"authorization" and value.startswith(b"AWS") for name, value in scope["headers"])
