"""``/_clary/health``: whether this worker can answer requests."""

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from clary import __version__
from clary.gateway.troubles import Trouble, find_troubles
from clary.kernel.platform import Platform
from clary.store import migrate


class Health(BaseModel):
    """What a probe sees. ``troubles`` tells what does not work though requests are answered, too."""

    ready: bool
    version: str
    troubles: list[Trouble]


def health_routes(platform: Platform) -> APIRouter:
    """The routes of the health check."""
    routes = APIRouter()

    @routes.get("/_clary/health", include_in_schema=False)
    def read_health(response: Response) -> Health:
        """200 where the database answers and its schema is current, else 503."""
        ready = migrate.is_ready(platform.database)
        if not ready:
            response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return Health(ready=ready, version=__version__, troubles=find_troubles(platform))

    return routes
