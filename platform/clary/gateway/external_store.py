"""S3 requests where the objects live on another S3 server: verified here, signed anew, passed on."""

import asyncio
from http import HTTPStatus

import aiohttp
from yarl import URL

from clary.aws.exchange import Exchange
from clary.gateway.external_request import Upload, compose_request
from clary.kernel.errors import ServiceError
from clary.objectstore.call import XML_LIMIT
from clary.objectstore.errors import access_denied
from clary.objectstore.sending import wait_for_disconnect
from clary.settings import Settings

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
_BLOCK = 1 << 20
# They belong to one connection, or name who answered.
_OWN_HEADERS = frozenset(
    {"connection", "date", "keep-alive", "server", "transfer-encoding", "x-amz-id-2", "x-amz-request-id"}
)


class ExternalStore:
    """Passes S3 requests on to the server that the settings name, with that server's key.

    Who asks has a key of this platform; the other server knows one key alone, so every account of the
    platform sees the same buckets there. Bodies stream both ways.
    """

    body_limit = XML_LIMIT

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def handle(self, exchange: Exchange) -> None:
        """Answer with what the server answers; 503 where it is away."""
        if exchange.identity is None:
            raise access_denied()
        request = compose_request(exchange, exchange.identity, self._settings)
        try:
            async with self._open().request(
                exchange.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.upload,
                allow_redirects=False,
            ) as response:
                await _pass_back(exchange, response, request.upload)
        except (aiohttp.ClientError, OSError) as error:
            if exchange.started:
                raise
            raise self._explain(error, request.upload) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS
                ),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        return self._session

    def _explain(self, error: Exception, upload: Upload | None) -> Exception:
        if upload is not None and upload.failure is not None:
            return upload.failure
        url = f"{self._settings.s3_endpoint_url} (CLARY_S3_ENDPOINT_URL)"
        return ServiceError(
            f"The S3 server at {url} does not answer: {error}",
            code="ServiceUnavailable",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )


async def _pass_back(exchange: Exchange, response: aiohttp.ClientResponse, upload: Upload | None) -> None:
    headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _OWN_HEADERS]
    await exchange.start(response.status, headers)
    # An answer to an upload is small, and may come while the client still sends.
    gone = asyncio.create_task(wait_for_disconnect(exchange)) if upload is None else None
    try:
        async for block in response.content.iter_chunked(_BLOCK):
            if gone is not None and gone.done():
                return
            await exchange.write(block)
        await exchange.write(b"", more=False)
    finally:
        if gone is not None:
            gone.cancel()
