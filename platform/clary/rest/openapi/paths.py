"""Operation objects: what a route takes and what it answers."""

from typing import Any

from botocore.model import OperationModel, StructureShape

from clary.aws import operations
from clary.aws.models import load_operation
from clary.rest.bindings import Binding, Logged, Named
from clary.rest.naming import to_path
from clary.rest.openapi.examples import Examples
from clary.rest.openapi.schemas import Components
from clary.rest.openapi.texts import summarize, to_markdown
from clary.rest.routes import Route

JSON = "application/json"
ERRORS = {
    400: "The request breaks a rule; the message names the member and the rule.",
    401: "The token is missing, unknown, revoked or expired.",
    403: "The token's account may not do that.",
    404: "There is no such resource.",
    409: "The name is taken, or the resource is in use.",
    413: "The body is too large.",
    424: "The model's container answered with an error, or did not answer.",
    429: "Too many requests wait already.",
    501: "AWS has it, Clary does not (yet).",
    503: "Nothing can take the request now.",
}
REGION = {"$ref": "#/components/parameters/Region"}

_ALWAYS = (400, 401, 403, 404, 429, 501)
_RECORDED = "Clary records this resource and does nothing with it."

Described = dict[str, Any]


def describe_request(
    route: Route, model: OperationModel, components: Components, examples: Examples
) -> Described:
    """The operation object, by the documented model of its operation, as yet without answers."""
    markdown = to_markdown(model.documentation)
    described: Described = {
        "operationId": _identify(route),
        "summary": _summarize(route, markdown),
        "description": _explain(route, markdown),
        "tags": [title(route.kind) if route.kind else "More"],
        "parameters": [REGION],
    }
    if route.binding is not None:
        described["parameters"].append(_path_parameter(route.kind, route.binding, components, examples))
    shape = model.input_shape
    if shape is None or not route.members:
        return described
    if route.takes_body:
        described["requestBody"] = _describe_body(route, shape, components, examples)
    else:
        described["parameters"] += _query_parameters(route, shape, components)
    return described


def describe_answers(route: Route, model: OperationModel, components: Components) -> Described:
    """The answers of a route, by status."""
    success: Described = {"description": "Done."}
    output = model.output_shape
    if route.status != 204 and output is not None:
        success["content"] = {JSON: {"schema": components.describe(output, strict=False)}}
    if route.status == 201:
        success["headers"] = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
    statuses = [*_ALWAYS, *([413] if route.takes_body else []), *([409] if route.method != "GET" else [])]
    return {str(route.status): success} | refer_errors(*statuses)


def refer_errors(*statuses: int) -> Described:
    """References to the answers that tell of errors."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def title(kind: str) -> str:
    """A kind as a heading: ``Training job``."""
    return to_path(kind).replace("-", " ").capitalize()


def _identify(route: Route) -> str:
    is_view = route.binding is not None and not isinstance(route.binding, Named)
    return f"{route.operation}Of{route.kind}" if is_view else route.operation


def _summarize(route: Route, markdown: str) -> str:
    if isinstance(route.binding, Logged):
        return f"Lists the log lines of a {title(route.kind).lower()}"
    return summarize(markdown) or title(route.operation)


def _explain(route: Route, markdown: str) -> str:
    found = operations.find(route.service, route.operation)
    is_recorded = found is not None and found.support is operations.Support.RECORDED
    source = f"AWS calls this {route.operation}."
    return "\n\n".join(part for part in (markdown, source, _RECORDED if is_recorded else "") if part)


def _path_parameter(kind: str, binding: Binding, components: Components, examples: Examples) -> Described:
    named = binding.named
    shape = load_operation(named.service, named.operation).input_shape
    assert shape is not None
    return {
        "name": "name",
        "in": "path",
        "required": True,
        "description": f"{named.member}; a slash in it is %2F.",
        "schema": components.describe(shape.members[named.member], strict=True),
        "example": examples.name(kind),
    }


def _query_parameters(route: Route, shape: StructureShape, components: Components) -> list[Described]:
    parameters = []
    for name in route.members:
        schema = components.describe(shape.members[name], strict=True)
        parameter = {"name": name, "in": "query", "required": name in shape.required_members}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        parameters.append(parameter | {"schema": schema})
    return parameters


def _describe_body(
    route: Route, shape: StructureShape, components: Components, examples: Examples
) -> Described:
    if route.binding is None:
        schema = components.describe(shape, strict=True)
    else:
        members = {name: shape.members[name] for name in route.members}
        schema = components.describe_members(members, shape, strict=True)
    media: Described = {"schema": schema}
    if example := examples.request(route.operation):
        media["example"] = example
    return {"required": bool(shape.required_members), "content": {JSON: media}}
