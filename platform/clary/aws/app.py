"""The ASGI application behind which every AWS service of the platform stands."""

import logging
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any

from clary.aws import operations
from clary.aws.authentication import Authenticator
from clary.aws.claims import scope_service
from clary.aws.credentials import Credentials
from clary.aws.dispatch import BODY_LIMIT, Dispatcher
from clary.aws.exchange import ClientGone, Exchange, Receive, Send, StreamingService
from clary.aws.hosts import host_name, is_aws
from clary.aws.identity import Identity
from clary.aws.protocols import PROTOCOLS, ErrorContext, WireAnswer
from clary.aws.refusals import Refusal, refuse
from clary.aws.routing import S3, Address, ServiceCatalog
from clary.kernel.errors import InternalError, ServiceError, UnsupportedOperation
from clary.kernel.platform import Platform

_LOG = logging.getLogger(__name__)


class WireApp:
    """Authenticates and routes every request, runs operations, renders answers and errors.

    ``streaming`` maps botocore's names of services to the objects that answer them by themselves; every other
    service is answered by the operations that are registered when the application is made.
    """

    def __init__(
        self, platform: Platform, streaming: Mapping[str, StreamingService], *, threads: int = 16
    ) -> None:
        self._platform = platform
        self._streaming = dict(streaming)
        self._catalog = ServiceCatalog({item.service for item in operations.registered()} | set(streaming))
        self._authenticator = Authenticator(Credentials(platform.database), region=platform.settings.region)
        self._dispatcher = Dispatcher(threads=threads)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            exchange = Exchange(scope, receive, send, platform=self._platform, request_id=str(uuid.uuid4()))
            await self._answer(exchange)
        else:
            await send({"type": "websocket.close"})

    def close(self) -> None:
        """Wait for running handlers and free their threads."""
        self._dispatcher.close()

    async def _answer(self, exchange: Exchange) -> None:
        address = self._catalog.find(exchange.signed_request, scope_service(exchange.signed_request))
        exchange.service = address.service.name if address.service else ""
        try:
            await self._serve(exchange, address)
        except ClientGone:
            _LOG.debug("Client of request %s is gone", exchange.request_id)
        except ServiceError as error:
            await self._refuse(exchange, address, error)
        except Exception:
            _LOG.exception("Request %s to %s failed", exchange.request_id, exchange.service or "no service")
            if exchange.started:
                raise
            message = "We encountered an internal error. Please try again."
            await self._refuse(exchange, address, InternalError(message))

    async def _serve(self, exchange: Exchange, address: Address) -> None:
        if address.service is None:
            _require_ours(exchange)
        streaming = self._streaming.get(exchange.service)
        limit = streaming.body_limit if streaming else BODY_LIMIT
        identity = await self._authenticator.authenticate(exchange, address.dialect, body_limit=limit)
        _require_scope(identity, address)
        exchange.identity = identity
        if streaming is not None and (identity is not None or exchange.service == S3):
            await streaming.handle(exchange)
        elif identity is None:
            raise refuse(Refusal.UNSIGNED, address.dialect)
        else:
            await _send(exchange, await self._dispatcher.dispatch(exchange, identity, address))

    async def _refuse(self, exchange: Exchange, address: Address, error: ServiceError) -> None:
        if exchange.started:
            raise error
        context = ErrorContext(
            service="" if address.service is None or exchange.service == S3 else exchange.service,
            request_id=exchange.request_id,
            resource=exchange.path,
            content_type=exchange.headers.get("content-type", ""),
        )
        await _send(exchange, PROTOCOLS[address.protocol].render_error(error, context))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


async def _send(exchange: Exchange, answer: WireAnswer) -> None:
    body = b"" if exchange.method == "HEAD" else answer.body
    await exchange.respond(answer.status, answer.headers, body)


def _require_ours(exchange: Exchange) -> None:
    """Refuse what was meant for AWS itself; the signature doesn't matter, as nobody could check it."""
    host = host_name(exchange.headers.get("host", ""))
    if is_aws(host):
        raise UnsupportedOperation(f"Clary does not answer for {host}, and lets nothing through to AWS.")


def _require_scope(identity: Identity | None, address: Address) -> None:
    if identity is None or address.service is None:
        return
    expected = address.service.signing_name
    if identity.service != expected:
        message = f"Credential should be scoped to correct service: '{expected}'."
        raise refuse(Refusal.BAD_SIGNATURE, address.dialect, message)
