"""The platform's own pages: health, accounts, and the REST API under ``/api/v1``."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from clary import __version__
from clary.gateway.accounts import account_routes
from clary.gateway.asgi import ASGIApp
from clary.gateway.health import health_routes
from clary.kernel.errors import ServiceError, ValidationError
from clary.kernel.platform import Platform
from clary.rest import ROOT
from clary.rest.errors import render_error
from clary.rest.pages import docs_routes


def create_api(platform: Platform, rest: ASGIApp) -> ASGIApp:
    """The FastAPI application behind ``/_clary`` and ``/api/v1``; ``rest`` takes what is left there."""
    api = FastAPI(title="Clary", version=__version__, openapi_url=None, generate_unique_id_function=_identify)
    api.state.platform = platform
    api.add_exception_handler(ServiceError, _refuse)
    api.add_exception_handler(RequestValidationError, _refuse_invalid)
    api.add_exception_handler(HTTPException, _refuse_unroutable)
    api.include_router(health_routes(platform))
    api.include_router(account_routes(platform))
    api.include_router(docs_routes(platform))
    api.mount(ROOT, rest)
    return api


def _identify(route: APIRoute) -> str:
    return route.name


def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    status, headers, body = render_error(error)
    return Response(body, status, dict(headers))


def _refuse_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    rules = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return _refuse(request, ValidationError("; ".join(rules)))


def _refuse_unroutable(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal = ServiceError(error.detail, code="UnknownOperationException", status=error.status_code)
    response = _refuse(request, refusal)
    response.headers.update(error.headers or {})
    return response
