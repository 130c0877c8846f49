"""The ASGI application of a model server: routes, error answers, and the endpoints of the contract."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from clary_algorithms.serving.errors import InferenceError, MethodNotAllowed, NotFound
from clary_algorithms.serving.http import Receive, Reply, Request, Scope, Send
from clary_algorithms.serving.model import Invocation, Model
from clary_algorithms.serving.pool import PredictionPool
from clary_algorithms.serving.settings import ServingSettings

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Reply]]


class Routes(Protocol):
    """Finds the endpoints of a path, by HTTP method; none for an unknown path."""

    def endpoints(self, path: bytes, /) -> Mapping[str, Endpoint]: ...


class ServingApp:
    """Answers HTTP requests through its routes; every failure becomes an answer with a status and a text."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._answer(Request(scope, receive))
        await reply.send(send)

    async def _answer(self, request: Request) -> Reply:
        try:
            endpoint = self._find_endpoint(request)
            return await endpoint(request)
        except InferenceError as error:
            if error.status >= HTTPStatus.BAD_REQUEST:
                logger.warning("%s answered to %s: %s", int(error.status), request.path.decode(), error)
            return Reply.of_text(error.status, str(error))
        except Exception as error:
            logger.exception("The model server failed on %s", request.path.decode())
            return Reply.of_text(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

    def _find_endpoint(self, request: Request) -> Endpoint:
        endpoints = self._routes.endpoints(request.path)
        if not endpoints:
            raise NotFound(f"There is nothing at {request.path.decode()}.")
        endpoint = endpoints.get(request.method)
        if endpoint is None:
            raise MethodNotAllowed(f"{request.path.decode()} takes only {', '.join(endpoints)}.")
        return endpoint


class Invoker:
    """Turns an HTTP request into an invocation of a model, in the pool."""

    def __init__(self, settings: ServingSettings) -> None:
        self._max_payload_bytes = settings.max_payload_bytes
        self._pool = PredictionPool(
            workers=settings.workers,
            queue_size=settings.queue_size,
            timeout_seconds=settings.timeout_seconds,
        )

    async def invoke(self, model: Model, request: Request) -> Reply:
        async def read_invocation() -> Invocation:
            return Invocation(
                body=await request.read_body(limit=self._max_payload_bytes),
                content_type=request.header(b"content-type"),
                accept=request.header(b"accept"),
            )

        prediction = await self._pool.run(model.invoke, read_invocation)
        return Reply(body=prediction.body, content_type=prediction.content_type)


class SingleModelRoutes:
    """`/ping`, `/invocations` and `/execution-parameters` of a server that holds one model."""

    def __init__(self, model: Model, *, settings: ServingSettings) -> None:
        self._model = model
        self._settings = settings
        self._invoker = Invoker(settings)
        self._table: dict[bytes, dict[str, Endpoint]] = {
            b"/ping": {"GET": ping},
            b"/invocations": {"POST": self.invoke},
            b"/execution-parameters": {"GET": self.describe_execution},
        }

    def endpoints(self, path: bytes, /) -> Mapping[str, Endpoint]:
        return self._table.get(path, {})

    async def invoke(self, request: Request) -> Reply:
        return await self._invoker.invoke(self._model, request)

    async def describe_execution(self, _request: Request) -> Reply:
        """What batch transform may take when its caller left it open."""
        return Reply.of_json(
            {
                "MaxConcurrentTransforms": self._settings.workers,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": self._settings.max_payload_bytes >> 20,
            }
        )


async def ping(_request: Request) -> Reply:
    """Healthy: a server listens only once its model is loaded."""
    return Reply()
