"""S3 requests on a platform whose objects live on another S3 server."""

from clary.aws.exchange import Exchange
from clary.kernel.errors import UnsupportedOperation


class ExternalStore:
    """Refuses, naming the server to ask: a request signed for this platform can't be passed on as it is."""

    body_limit = 0

    def __init__(self, url: str) -> None:
        self._url = url

    async def handle(self, _exchange: Exchange) -> None:
        """Raise the refusal."""
        raise UnsupportedOperation(
            f"This platform keeps its objects at {self._url} (CLARY_S3_ENDPOINT_URL): "
            "point S3 clients there, with that server's credentials.",
            status=501,
        )

    def close(self) -> None:
        """Nothing was opened."""
