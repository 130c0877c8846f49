"""The whole document."""

from typing import Any

from clary import __version__
from clary.aws.models import load_documented
from clary.rest import ROOT
from clary.rest.naming import SERVICE
from clary.rest.openapi.examples import Examples
from clary.rest.openapi.invocations import describe_invocation
from clary.rest.openapi.paths import ERRORS, JSON, describe_answers, describe_request
from clary.rest.openapi.schemas import Components
from clary.rest.routes import load_routes

_DESCRIPTION = """\
SageMaker on your own machine, for curl. Each path calls the operation of AWS's API that its
description names: members, rules and messages are the same. Times in answers are ISO 8601 in UTC;
requests may also give seconds since the epoch. Requests need a token: `clary token create`.
"""
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "AWS's name of the error."},
                "message": {"type": "string"},
            },
        }
    },
}
_REGION = {
    "name": "X-Clary-Region",
    "in": "header",
    "description": "The region that the request means; the token's own where it is left out.",
    "schema": {"type": "string", "pattern": r"^[a-z]{2}(-[a-z]+)+-[0-9]$"},
}


def create_document(account: str) -> dict[str, Any]:
    """OpenAPI 3.1 for every route that is served; examples are for the account."""
    routes = [route for route in load_routes() if route.is_served]
    models = {service: load_documented(service) for service in {route.service for route in routes}}
    components = {service: Components(prefix=_prefix(service)) for service in models}
    examples = Examples(account)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        model = models[route.service].operation_model(route.operation)
        described = describe_request(route, model, components[route.service], examples)
        paths.setdefault("/" + "/".join(route.path), {})[route.method.lower()] = described
    for route in routes:
        model = models[route.service].operation_model(route.operation)
        answers = describe_answers(route, model, components[route.service])
        paths["/" + "/".join(route.path)][route.method.lower()]["responses"] = answers
    paths["/endpoints/{name}/invocations"] = {"post": describe_invocation()}
    schemas = {name: schema for each in components.values() for name, schema in each.schemas.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Clary", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())) | {"Error": _ERROR},
            "parameters": {"Region": _REGION},
            "responses": {str(status): _describe_error(text) for status, text in ERRORS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe_error(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {JSON: {"schema": schema}}}


def _prefix(service: str) -> str:
    return "" if service == SERVICE else service.capitalize()
