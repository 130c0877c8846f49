"""The description of the REST API, and pages that show it: open to all, complete without the Internet."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse
from starlette.routing import BaseRoute

from clary import __version__
from clary.kernel.platform import Platform
from clary.rest import ROOT
from clary.rest.errors import JSON, NoSuchPage
from clary.rest.openapi.paths import refer_errors

GENERATION_SECONDS = 120

_ASSETS = "fastapi_offline"
_ASSET_NAMES = frozenset({"favicon.png", "redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"})
# The pages are scripts of ours; whatever they are shown, nothing is fetched from another place.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}


class Description:
    """The OpenAPI document, made when it is first asked for."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._content: bytes | None = None

    def read(self, routes: Sequence[BaseRoute]) -> bytes:
        """The document with the operations, and with the application's own routes below ``/api/v1``."""
        with self._lock:
            if self._content is None:
                document = _merge(_generate(self._account), routes)
                self._content = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
            return self._content


def docs_routes(platform: Platform) -> APIRouter:
    """``openapi.json``, ``docs`` (Swagger UI), ``redoc`` and what these pages load."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    description = Description(platform.settings.account_id)

    @routes.get("/openapi.json")
    def read_document(request: Request) -> Response:
        return Response(description.read(request.app.routes), media_type=JSON)

    @routes.get("/docs")
    def show_swagger() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=f"{ROOT}/openapi.json",
            title="Clary",
            swagger_js_url=f"{ROOT}/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{ROOT}/assets/swagger-ui.css",
            swagger_favicon_url=f"{ROOT}/assets/favicon.png",
            swagger_ui_parameters={"docExpansion": "none", "validatorUrl": None},
        )
        page.headers.update(_HEADERS)
        return page

    @routes.get("/redoc")
    def show_redoc() -> HTMLResponse:
        page = get_redoc_html(
            openapi_url=f"{ROOT}/openapi.json",
            title="Clary",
            redoc_js_url=f"{ROOT}/assets/redoc.standalone.js",
            redoc_favicon_url=f"{ROOT}/assets/favicon.png",
            with_google_fonts=False,
        )
        page.headers.update(_HEADERS)
        return page

    @routes.get("/assets/{name}")
    def read_asset(name: str) -> FileResponse:
        if name not in _ASSET_NAMES:
            raise NoSuchPage(f"There is nothing at /assets/{name}.")
        return FileResponse(str(files(_ASSETS) / "static" / name), headers=_HEADERS)

    return routes


def _generate(account: str) -> dict[str, Any]:
    # The documentation of all models takes a second and tens of megabytes: a process that serves has neither.
    command = [sys.executable, "-P", "-m", "clary.rest.openapi", account]
    made = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=GENERATION_SECONDS)
    document: dict[str, Any] = json.loads(made.stdout)
    return document


def _merge(document: dict[str, Any], routes: Sequence[BaseRoute]) -> dict[str, Any]:
    other = get_openapi(title="Clary", version=__version__, routes=routes)
    for path, item in other["paths"].items():
        for operation in item.values():
            # What FastAPI finds wrong is answered as every other broken rule is.
            operation["responses"].pop("422", None)
            operation["responses"] |= refer_errors(400, 401, 403, 404, 409)
        document["paths"][path.removeprefix(ROOT)] = item
    document["components"]["schemas"] |= other.get("components", {}).get("schemas", {})
    return document
