"""The endpoints of multi-model mode: models are loaded and dropped while the server runs."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from clary_algorithms.serving.app import Endpoint, Invoker, ping
from clary_algorithms.serving.errors import BadRequest
from clary_algorithms.serving.http import Reply, Request
from clary_algorithms.serving.model import ModelLoader
from clary_algorithms.serving.repository import LoadedModel, ModelRepository
from clary_algorithms.serving.settings import ServingSettings

_MAX_LOAD_BODY = 64 * 1024
_PAGE_SIZE = 100


class MultiModelRoutes:
    """`/models` and what is under it.

    Source: "Build Your Own Container for SageMaker Multi-Model Endpoints".
    """

    def __init__(self, load: ModelLoader, *, settings: ServingSettings) -> None:
        self._models = ModelRepository(load, memory_bytes=settings.model_memory_bytes)
        self._invoker = Invoker(settings)

    def endpoints(self, path: bytes, /) -> Mapping[str, Endpoint]:
        match path.split(b"/")[1:]:
            case [b"ping"]:
                return {"GET": ping}
            case [b"models"]:
                return {"GET": self.list_models, "POST": self.load_model}
            case [b"models", _]:
                return {"GET": self.describe_model, "DELETE": self.unload_model}
            case [b"models", _, b"invoke"]:
                return {"POST": self.invoke_model}
        return {}

    async def load_model(self, request: Request) -> Reply:
        body = await request.read_body(limit=_MAX_LOAD_BODY)
        try:
            document = json.loads(body)
            name, url = str(document["model_name"]), str(document["url"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest("The body must be JSON with model_name and url.") from error
        return Reply.of_json(_describe(await asyncio.to_thread(self._models.load, name, url)))

    async def list_models(self, request: Request) -> Reply:
        query = parse_qs(request.query_string.decode("latin-1"))
        limit = query.get("limit", [str(_PAGE_SIZE)])[0]
        if not limit.isdecimal() or int(limit) < 1:
            raise BadRequest(f"limit must be a whole number of at least 1, not {limit!r}.")
        after = query.get("next_page_token", [""])[0]
        models, more = self._models.list(after=after, limit=int(limit))
        document: dict[str, object] = {"models": [_describe(loaded) for loaded in models]}
        if more:
            document["nextPageToken"] = models[-1].name
        return Reply.of_json(document)

    async def describe_model(self, request: Request) -> Reply:
        return Reply.of_json(_describe(self._models.get(_model_name(request))))

    async def unload_model(self, request: Request) -> Reply:
        self._models.unload(_model_name(request))
        return Reply()

    async def invoke_model(self, request: Request) -> Reply:
        return await self._invoker.invoke(self._models.get(_model_name(request)).model, request)


def _model_name(request: Request) -> str:
    return unquote(request.path.split(b"/")[2].decode("latin-1"))


def _describe(loaded: LoadedModel) -> dict[str, str]:
    return {"modelName": loaded.name, "modelUrl": loaded.url}
