"""The platform's own pages: health now, the REST API under ``/api/v1``."""

from fastapi import FastAPI

from clary import __version__
from clary.gateway.asgi import ASGIApp
from clary.gateway.health import health_routes
from clary.kernel.platform import Platform


def create_api(platform: Platform) -> ASGIApp:
    """The FastAPI application behind ``/_clary`` and ``/api/v1``."""
    api = FastAPI(title="Clary", version=__version__, openapi_url=None)
    api.include_router(health_routes(platform))
    return api
