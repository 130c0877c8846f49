"""Where a tunnel to a name outside AWS leads: to the name itself, or through the user's own proxy."""

import base64
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import h11

from clary.proxy.tunnel import BLOCK, Stream

_DEFAULT_PORTS = {"http": 80, "https": 443}


class UpstreamError(Exception):
    """The user's own proxy can't be used, or does not let the tunnel through; the text says why."""


async def connect(host: str, port: int) -> Stream:
    """A connection that reaches the place; OSError or UpstreamError where there is none.

    The environment's own HTTPS_PROXY (or ALL_PROXY) and NO_PROXY say which way.
    """
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return await Stream.connect(host, port)
    return await _connect_through(proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


async def _connect_through(proxy: str, target: str) -> Stream:
    place = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    default = _DEFAULT_PORTS.get(place.scheme)
    if default is None or not place.hostname:
        raise UpstreamError("the proxy that HTTPS_PROXY names is not an http:// or https:// one")
    stream = await Stream.connect(place.hostname, place.port or default, tls=place.scheme == "https")
    try:
        await _ask(stream, target, place.username, place.password)
    except BaseException:
        await stream.close()
        raise
    return stream


async def _ask(stream: Stream, target: str, user: str | None, password: str | None) -> None:
    headers = [("Host", target)]
    if user is not None:
        pair = f"{unquote(user)}:{unquote(password or '')}".encode()
        headers.append(("Proxy-Authorization", f"Basic {base64.b64encode(pair).decode()}"))
    protocol = h11.Connection(h11.CLIENT)
    stream.writer.write(protocol.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b"")
    stream.writer.write(protocol.send(h11.EndOfMessage()) or b"")
    try:
        while (event := protocol.next_event()) is h11.NEED_DATA:
            protocol.receive_data(await stream.reader.read(BLOCK))
    except h11.RemoteProtocolError as error:
        raise UpstreamError(f"the proxy that HTTPS_PROXY names does not speak HTTP: {error}") from error
    if not isinstance(event, h11.Response):
        raise UpstreamError("the proxy that HTTPS_PROXY names closed the connection")
    if not 200 <= event.status_code < 300:
        said = f"{event.status_code} {event.reason.decode('latin-1')}"
        raise UpstreamError(f"the proxy that HTTPS_PROXY names answered {said}")
