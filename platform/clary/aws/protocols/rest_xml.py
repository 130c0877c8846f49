"""The ``rest-xml`` protocol: members in path, query, headers and an XML body."""

from xml.sax.saxutils import quoteattr

from botocore.model import OperationModel, StructureShape

from clary.aws.protocols import bindings, xml_body
from clary.aws.protocols.errors import error_status
from clary.aws.protocols.messages import ErrorContext, Members, WireAnswer, WireRequest
from clary.kernel.errors import ServiceError

_CONTENT_TYPE = "application/xml"


class RestXmlProtocol:
    """Reads and writes REST with XML bodies, as S3 does; raw payloads are handed over untouched."""

    def parse(self, request: WireRequest, operation: OperationModel) -> Members:
        return bindings.read_input(operation, request, xml_body.read_body)

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
        body = _body(shape, output, operation)
        if body:
            headers.append(("content-type", _CONTENT_TYPE))
        return WireAnswer(status, headers, body)

    def render_error(self, error: ServiceError, context: ErrorContext) -> WireAnswer:
        pairs = [
            ("Code", error.code),
            ("Message", error.message),
            *error.members.items(),
            ("Resource", context.resource),
            ("RequestId", context.request_id),
        ]
        text = f"{xml_body.HEADER}<Error>{xml_body.error_document(pairs)}</Error>"
        return WireAnswer(error_status(error, context), [("content-type", _CONTENT_TYPE)], text.encode())


def _body(shape: StructureShape, output: Members, operation: OperationModel) -> bytes:
    if payload := bindings.payload_member(shape):
        name, member = payload
        if name not in output or not isinstance(member, StructureShape):
            return b""
        root, content = member.serialization.get("name", name), xml_body.write_members(member, output[name])
    else:
        body = bindings.body_members(shape)
        if not body:
            return b""
        present = {name: value for name, value in output.items() if name in body}
        root, content = _root_name(shape, operation), xml_body.write_members(shape, present)
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    attribute = f" xmlns={quoteattr(namespace)}" if namespace else ""
    return f"{xml_body.HEADER}<{root}{attribute}>{content}</{root}>".encode()


def _root_name(shape: StructureShape, operation: OperationModel) -> str:
    name: str = shape.serialization.get("name", f"{operation.name}Result")
    return name
