"""Answers InvokeEndpoint: finds endpoint, variant and instance in memory, and forwards. The hot path."""

import time
from collections.abc import Sequence
from urllib.parse import unquote

from clary.aws.exchange import Exchange
from clary.aws.validation import validate_input
from clary.hosting.container import ContainerClient, NotSent
from clary.hosting.errors import (
    endpoint_not_found,
    not_supported,
    throttled,
    unavailable,
    variant_not_found,
)
from clary.hosting.routes import Routes
from clary.hosting.snapshot import Instance, Key, Variant
from clary.kernel.errors import ServiceError, UnsupportedOperation
from clary.kernel.platform import Platform

SERVICE = "sagemaker-runtime"
# The documented size of a request's body.
BODY_LIMIT = 25 * 1024 * 1024
# The documented time for a model's answer.
ANSWER_SECONDS = 60.0
# Requests under way at one instance, running and waiting there; the next is refused at once.
INSTANCE_LIMIT = 256

_PREFIX = "x-amzn-sagemaker-"
_TARGET_VARIANT = f"{_PREFIX}target-variant"
_MEMBERS = {
    _TARGET_VARIANT: "TargetVariant",
    f"{_PREFIX}custom-attributes": "CustomAttributes",
    f"{_PREFIX}inference-id": "InferenceId",
}
# They choose among models, containers, components or sessions, which no endpoint here has.
_REFUSED = frozenset(
    _PREFIX + name
    for name in (
        "target-model",
        "target-container-hostname",
        "inference-component",
        "session-id",
        "enable-explanations",
    )
)
_UNSUPPORTED = {
    b"async-invocations": "InvokeEndpointAsync",
    b"invocations-response-stream": "InvokeEndpointWithResponseStream",
}


class Router:
    """The streaming service ``sagemaker-runtime``. Belongs to the event loop of its first request."""

    body_limit = BODY_LIMIT

    def __init__(
        self,
        platform: Platform,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        instance_limit: int = INSTANCE_LIMIT,
    ) -> None:
        self._routes = Routes(platform.database)
        self._answer_seconds = answer_seconds
        self._instance_limit = instance_limit
        self._client: ContainerClient | None = None

    async def handle(self, exchange: Exchange) -> None:
        """Have an instance of the endpoint answer, or raise AWS's error."""
        key = _read_key(exchange)
        headers = _read_headers(exchange, key)
        body = await exchange.read_body(BODY_LIMIT)
        client = self._open()
        tried: list[Instance] = []
        while True:
            variant, instance = await self._choose(key, headers.get(_TARGET_VARIANT), tried)
            try:
                await client.invoke(
                    exchange, instance, key=key, variant=variant.name, headers=headers, body=body
                )
            except NotSent:
                instance.avoid(_now())
                tried.append(instance)
            else:
                return

    async def close(self) -> None:
        """Stop following the routes and close all connections."""
        await self._routes.close()
        if self._client is not None:
            await self._client.close()

    async def _choose(
        self, key: Key, target: str | None, tried: Sequence[Instance]
    ) -> tuple[Variant, Instance]:
        chosen = self._find(key, target, tried)
        if chosen is None:
            # What is asked for may be newer than the snapshot.
            await self._routes.refresh()
            chosen = self._find(key, target, tried)
        if chosen is None:
            raise self._refusal(key, target)
        if chosen[1].outstanding >= self._instance_limit:
            raise throttled(key)
        return chosen

    def _find(
        self, key: Key, target: str | None, tried: Sequence[Instance]
    ) -> tuple[Variant, Instance] | None:
        route = self._routes.snapshot.routes.get(key)
        if route is None:
            return None
        variant = route.draw() if target is None else route.variants.get(target)
        instance = variant.choose(_now(), tried) if variant is not None else None
        return (variant, instance) if variant is not None and instance is not None else None

    def _refusal(self, key: Key, target: str | None) -> ServiceError:
        route = self._routes.snapshot.routes.get(key)
        if route is None:
            return endpoint_not_found(key) if self._routes.is_current else unavailable(key)
        if target is not None and target not in route.variants:
            return variant_not_found(key, target)
        return unavailable(key)

    def _open(self) -> ContainerClient:
        if self._client is None:
            self._client = ContainerClient(answer_seconds=self._answer_seconds)
            self._routes.watch()
        return self._client


def _read_key(exchange: Exchange) -> Key:
    match exchange.raw_path.split(b"/"):
        case [b"", b"endpoints", name, b"invocations"] if exchange.method == "POST" and exchange.identity:
            return exchange.identity.account, exchange.identity.region, unquote(name.decode("latin-1"))
        case [b"", b"endpoints", _, action] if action in _UNSUPPORTED:
            raise UnsupportedOperation(f"Clary does not support {_UNSUPPORTED[action]} of {SERVICE} yet.")
    path = exchange.raw_path.decode("latin-1")
    raise ServiceError(
        f"Unknown operation: {exchange.method} {path}", code="UnknownOperationException", status=404
    )


def _read_headers(exchange: Exchange, key: Key) -> dict[str, str]:
    """The headers that a container gets: content type, accept, and SageMaker's own."""
    headers = {}
    for name, value in exchange.headers.items():
        if name in {"content-type", "accept"}:
            headers[name] = value
        elif name.startswith(_PREFIX):
            if name in _REFUSED:
                raise not_supported(name, key)
            headers[name] = value
    given = {member: headers[name] for name, member in _MEMBERS.items() if name in headers}
    if given:
        validate_input(SERVICE, "InvokeEndpoint", {"EndpointName": key[2], "Body": b"", **given})
    return headers


def _now() -> float:
    return time.monotonic()
