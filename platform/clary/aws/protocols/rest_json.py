"""The ``rest-json`` protocol: members in path, query, headers and a JSON body."""

from botocore.model import OperationModel, StructureShape

from clary.aws.protocols import bindings, json_body
from clary.aws.protocols.errors import error_members, error_status
from clary.aws.protocols.messages import ErrorContext, Members, WireAnswer, WireRequest
from clary.kernel.errors import ServiceError

_CONTENT_TYPE = "application/json"


class RestJsonProtocol:
    """Reads and writes REST with JSON bodies; raw payloads are handed over untouched."""

    def parse(self, request: WireRequest, operation: OperationModel) -> Members:
        return bindings.read_input(operation, request, json_body.read_body)

    def render(
        self, output: Members, operation: OperationModel, _request: WireRequest, _request_id: str
    ) -> WireAnswer:
        shape = operation.output_shape
        status = bindings.status_of(operation, output)
        if shape is None:
            return WireAnswer(status, [], b"")
        headers = bindings.write_headers(shape, output)
        payload = bindings.payload_member(shape)
        if payload and bindings.is_raw(payload[1]):
            return WireAnswer(status, headers, bindings.raw_payload(output.get(payload[0], b"")))
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("content-type", _CONTENT_TYPE))
        return WireAnswer(status, headers, _body(shape, output))

    def render_error(self, error: ServiceError, context: ErrorContext) -> WireAnswer:
        headers = [("content-type", _CONTENT_TYPE), ("x-amzn-errortype", error.code)]
        return WireAnswer(
            error_status(error, context), headers, json_body.dump(error_members(error, context))
        )


def _body(shape: StructureShape, output: Members) -> bytes:
    if payload := bindings.payload_member(shape):
        name, member = payload
        return json_body.dump(json_body.write(member, output[name])) if name in output else b"{}"
    body = bindings.body_members(shape)
    return json_body.dump(
        json_body.write(shape, {name: value for name, value in output.items() if name in body})
    )
