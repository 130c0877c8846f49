"""Sends a request to a container and its answer back: kept-alive connections, nothing decoded on the way."""

import io
from collections.abc import Mapping

import aiohttp

from clary.aws.exchange import Exchange
from clary.hosting.errors import model_broke_off, model_error, model_timed_out
from clary.hosting.snapshot import Instance, Key

CONNECT_SECONDS = 1.0
# Model servers close idle connections after 2 s (gunicorn) or more; ours end first: none breaks in use.
IDLE_SECONDS = 1.5
# An answer up to this size goes out in one piece.
_SMALL = 64 << 10
_LARGE = 1 << 20
# So much of a container's error is passed on.
_ERROR_TEXT = 64 << 10
_PASSED_BACK = (
    "Content-Type",
    "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-New-Session-Id",
    "X-Amzn-SageMaker-Closed-Session-Id",
)


class NotSent(Exception):
    """The container could not be reached: another instance may take the request."""


class ContainerClient:
    """One pool of connections to all containers. Made inside a running event loop."""

    def __init__(self, *, answer_seconds: float) -> None:
        self._session = aiohttp.ClientSession(
            # Instances bound what is under way, so the pool does not; addresses are numbers, so no DNS.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, use_dns_cache=False),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=answer_seconds),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def invoke(
        self,
        exchange: Exchange,
        instance: Instance,
        *,
        key: Key,
        variant: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Have the instance answer the exchange.

        Raises :class:`NotSent` before anything went out, else AWS's ModelError for whatever goes wrong.
        """
        # A large body is written in pieces between which other requests get their turn.
        data = body if len(body) <= _LARGE else io.BytesIO(body)
        instance.outstanding += 1
        try:
            async with self._session.post(
                instance.url, data=data, headers=headers, allow_redirects=False
            ) as response:
                if response.status // 100 != 2:
                    raise model_error(key, response.status, await _error_text(response))
                await _pass_back(exchange, response, variant)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent from error
        except TimeoutError as error:
            raise model_timed_out(key) from error
        except (aiohttp.ClientError, OSError) as error:
            raise model_broke_off(key) from error
        finally:
            instance.outstanding -= 1


async def _pass_back(exchange: Exchange, response: aiohttp.ClientResponse, variant: str) -> None:
    headers = [("x-Amzn-Invoked-Production-Variant", variant)]
    headers += [(name, response.headers[name]) for name in _PASSED_BACK if name in response.headers]
    size = response.content_length
    if size is not None and size <= _SMALL:
        await exchange.respond(200, headers, await response.read())
        return
    if size is not None:
        headers.append(("Content-Length", str(size)))
    await exchange.start(200, headers)
    async for chunk in response.content.iter_any():
        await exchange.write(chunk)
    await exchange.write(b"", more=False)


async def _error_text(response: aiohttp.ClientResponse) -> str | None:
    try:
        text = await response.content.read(_ERROR_TEXT)
        while len(text) < _ERROR_TEXT and not response.content.at_eof():
            text += await response.content.read(_ERROR_TEXT - len(text))
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None
    return text.decode(errors="replace")
