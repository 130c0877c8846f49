"""The operation object of InvokeEndpoint, whose bodies are the model's own affair."""

from typing import Any

from clary.aws.models import load_documented
from clary.rest.openapi.paths import REGION, refer_errors
from clary.rest.openapi.schemas import Components
from clary.rest.openapi.texts import to_markdown

_SERVICE, _OPERATION = "sagemaker-runtime", "InvokeEndpoint"
# The others choose among models, containers or sessions, which endpoints here do not have.
_HEADERS = ("CustomAttributes", "TargetVariant", "InferenceId")
_ANY: dict[str, Any] = {"*/*": {"schema": {}}}


def describe_invocation() -> dict[str, Any]:
    """What an invocation takes and answers."""
    model = load_documented(_SERVICE).operation_model(_OPERATION)
    components = Components()
    assert model.input_shape is not None
    members = model.input_shape.members
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "EndpointName.",
        "schema": components.describe(members["EndpointName"], strict=True),
        "example": "xgboost",
    }
    headers = [
        {
            "name": members[member].serialization["name"],
            "in": "header",
            "schema": components.describe(members[member], strict=True),
        }
        for member in _HEADERS
    ]
    return {
        "operationId": _OPERATION,
        "summary": "Sends a request to an endpoint's model",
        "description": f"{to_markdown(model.documentation)}\n\nAWS calls this {_OPERATION}.",
        "tags": ["Endpoint"],
        "parameters": [REGION, name, *headers],
        "requestBody": {"required": True, "content": {"text/csv": {"example": "3\n"}, **_ANY}},
        "responses": {"200": {"description": "What the model answered.", "content": _ANY}}
        | refer_errors(400, 401, 404, 413, 424, 429, 501, 503),
    }
