"""The ``json`` protocol (1.0 and 1.1): one JSON document each way, the operation in ``X-Amz-Target``."""

from botocore.model import OperationModel

from clary.aws.protocols import json_body
from clary.aws.protocols.errors import error_members, error_status
from clary.aws.protocols.messages import ErrorContext, Members, WireAnswer, WireRequest
from clary.kernel.errors import ServiceError

_CONTENT_TYPE = "application/x-amz-json-1.1"


class JsonProtocol:
    """Reads and writes AWS JSON; the version is the request's."""

    def parse(self, request: WireRequest, operation: OperationModel) -> Members:
        shape = operation.input_shape
        members: Members = json_body.read_body(shape, request.body, "") if shape else {}
        return members

    def render(
        self, output: Members, operation: OperationModel, request: WireRequest, _request_id: str
    ) -> WireAnswer:
        shape = operation.output_shape
        body = json_body.dump(json_body.write(shape, output)) if shape else b""
        content_type = _content_type(request.headers.get("content-type", ""))
        return WireAnswer(200, [("content-type", content_type)], body)

    def render_error(self, error: ServiceError, context: ErrorContext) -> WireAnswer:
        body = json_body.dump({"__type": error.code, **error_members(error, context)})
        headers = [("content-type", _content_type(context.content_type))]
        return WireAnswer(error_status(error, context), headers, body)


def _content_type(requested: str) -> str:
    version = requested.partition(";")[0].strip()
    return version if version in {"application/x-amz-json-1.0", _CONTENT_TYPE} else _CONTENT_TYPE
