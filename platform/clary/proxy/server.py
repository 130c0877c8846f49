"""Takes the command's CONNECT requests and opens the tunnels."""

import asyncio
import logging
import ssl
from http import HTTPStatus

import h11

from clary.aws.hosts import host_name, is_aws
from clary.proxy import upstream
from clary.proxy.authority import Authority
from clary.proxy.tunnel import BLOCK, Stream, join

_LOG = logging.getLogger(__name__)
HANDSHAKE_SECONDS = 30.0
LAST_PORT = 65535
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Refused(Exception):
    """No tunnel: the answer's status and sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class ProxyServer:
    """Opens a tunnel for each connection; ``gateway`` is the platform's host and port."""

    def __init__(self, authority: Authority, gateway: tuple[str, int]) -> None:
        self._authority = authority
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a connection."""
        task = asyncio.create_task(self._handle(Stream(reader, writer)))
        # The loop itself keeps no task alive.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, client: Stream) -> None:
        try:
            await self._serve(client)
        except Refused as refusal:
            _refuse(client, refusal)
        except OSError as error:
            _LOG.info("A client's connection ended: %s", error)
        finally:
            client.writer.close()

    async def _serve(self, client: Stream) -> None:
        target = await _read_target(client)
        if target is None:
            return
        host, port = target
        server = await self._reach(host, port)
        try:
            client.writer.write(_ESTABLISHED)
            await client.writer.drain()
            if is_aws(host):
                client = await _start_tls(client, self._authority.context(host))
            await join(client, server)
        finally:
            await server.close()

    async def _reach(self, host: str, port: int) -> Stream:
        try:
            if is_aws(host):
                return await Stream.connect(*self._gateway)
            return await upstream.connect(host, port)
        except upstream.UpstreamError as error:
            raise Refused(HTTPStatus.BAD_GATEWAY, f"No way to {host}: {error}.") from error
        # UnicodeError: a name that DNS can't hold.
        except (OSError, UnicodeError) as error:
            asked = f"Clary, which answers for {host}, is not there" if is_aws(host) else f"No way to {host}"
            raise Refused(HTTPStatus.BAD_GATEWAY, f"{asked}: {error}.") from error


async def _read_target(client: Stream) -> tuple[str, int] | None:
    """Host and port of the CONNECT request; None where the client left without one."""
    protocol = h11.Connection(h11.SERVER)
    try:
        while (event := protocol.next_event()) is h11.NEED_DATA:
            protocol.receive_data(await client.reader.read(BLOCK))
    except h11.RemoteProtocolError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"This is not a request: {error}.") from error
    if not isinstance(event, h11.Request):
        return None
    if event.method != b"CONNECT":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "The proxy of clary run opens tunnels (CONNECT) alone.")
    name, _, port = event.target.decode().rpartition(":")
    if not name or not port.isdecimal() or int(port) > LAST_PORT:
        raise Refused(HTTPStatus.BAD_REQUEST, "A tunnel leads to host:port.")
    if protocol.trailing_data[0]:
        raise Refused(HTTPStatus.BAD_REQUEST, "Nothing may follow before the tunnel is open.")
    return host_name(name), int(port)


async def _start_tls(client: Stream, context: ssl.SSLContext) -> Stream:
    """The same connection, its bytes decrypted."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=BLOCK, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = await loop.start_tls(
        client.writer.transport, protocol, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
    )
    if transport is None:
        raise ConnectionError("the connection closed during the handshake")
    protocol.connection_made(transport)
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


def _refuse(client: Stream, refusal: Refused) -> None:
    body = f"{refusal}\n".encode()
    protocol = h11.Connection(h11.SERVER)
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    answer = h11.Response(status_code=refusal.status, reason=refusal.status.phrase, headers=headers)
    for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
        client.writer.write(protocol.send(event) or b"")
