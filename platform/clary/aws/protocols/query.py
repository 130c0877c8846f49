"""The ``query`` protocol: a form in, XML out."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from clary.aws.models import load_service
from clary.aws.protocols import xml_body
from clary.aws.protocols.errors import error_status
from clary.aws.protocols.messages import ErrorContext, Members, WireAnswer, WireRequest
from clary.aws.protocols.values import SerializationError, parse_text_scalar
from clary.kernel.errors import ServiceError

MAX_FIELDS = 10_000
_CONTENT_TYPE = [("content-type", "text/xml")]

# A form's fields as a tree: {"Tags": {"member": {"1": {"Key": "a"}}}}; a text is a leaf.
_Tree = dict[str, Any]


class MalformedInput(SerializationError):
    """The form can't be read into the operation's input."""

    code = "MalformedInput"


def read_form(body: bytes) -> dict[str, str]:
    """The form's fields; the last of a repeated name wins."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise MalformedInput(f"The request body is not a form: {error}") from error


class QueryProtocol:
    """Reads forms (or query strings) and writes XML with a ResponseMetadata element."""

    def parse(self, request: WireRequest, operation: OperationModel) -> Members:
        shape = operation.input_shape
        if shape is None:
            return {}
        fields = dict(request.query) | read_form(request.body)
        try:
            return _read_structure(shape, _grow(fields.items()), "")
        except RecursionError as error:
            raise MalformedInput("The request is nested too deeply.") from error
        except SerializationError as error:
            raise MalformedInput(error.message) from error

    def render(
        self, output: Members, operation: OperationModel, _request: WireRequest, request_id: str
    ) -> WireAnswer:
        shape = operation.output_shape
        result = xml_body.write_members(shape, output) if shape else ""
        if shape and (wrapper := shape.serialization.get("resultWrapper")):
            result = f"<{wrapper}>{result}</{wrapper}>"
        name = f"{operation.name}Response"
        namespace = operation.service_model.metadata.get("xmlNamespace", "")
        metadata = f"<ResponseMetadata>{xml_body.text_element('RequestId', request_id)}</ResponseMetadata>"
        text = f"<{name} xmlns={quoteattr(namespace)}>{result}{metadata}</{name}>"
        return WireAnswer(200, list(_CONTENT_TYPE), text.encode())

    def render_error(self, error: ServiceError, context: ErrorContext) -> WireAnswer:
        status = error_status(error, context)
        sender = "Receiver" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
        pairs = [("Type", sender), ("Code", error.code), ("Message", error.message), *error.members.items()]
        namespace = load_service(context.service).metadata.get("xmlNamespace", "") if context.service else ""
        text = (
            f"<ErrorResponse xmlns={quoteattr(namespace)}><Error>{xml_body.error_document(pairs)}</Error>"
            f"{xml_body.text_element('RequestId', context.request_id)}</ErrorResponse>"
        )
        return WireAnswer(status, list(_CONTENT_TYPE), text.encode())


def _grow(fields: Iterable[tuple[str, str]]) -> _Tree:
    root: _Tree = {}
    for name, value in fields:
        *branches, leaf = name.split(".")
        node = root
        for branch in branches:
            child = node.get(branch)
            if not isinstance(child, dict):
                child = node[branch] = {}
            node = child
        if not isinstance(node.get(leaf), dict):
            node[leaf] = value
    return root


def _read(shape: Shape, node: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return _read_structure(shape, _branch(node, path), path)
    if isinstance(shape, ListShape):
        return _read_list(shape, node, path)
    if isinstance(shape, MapShape):
        return _read_map(shape, _branch(node, path), path)
    if isinstance(node, dict):
        raise MalformedInput(f"'{path}' must be a single value.")
    return parse_text_scalar(shape, node, path)


def _read_structure(shape: StructureShape, node: _Tree, path: str) -> dict[str, Any]:
    result = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.serialization.get("flattened") and isinstance(member, ListShape):
            wire = member.member.serialization.get("name", wire)
        if wire in node:
            result[name] = _read(member, node[wire], f"{path}.{name}" if path else name)
    return result


def _read_list(shape: ListShape, node: Any, path: str) -> list[Any]:
    if node == "":
        return []
    items = _branch(node, path)
    if not shape.serialization.get("flattened"):
        items = _branch(items.get(shape.member.serialization.get("name", "member"), {}), path)
    return [_read(shape.member, item, f"{path}.{number}") for number, item in _numbered(items, path)]


def _read_map(shape: MapShape, node: _Tree, path: str) -> dict[str, Any]:
    entries = node if shape.serialization.get("flattened") else _branch(node.get("entry", {}), path)
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    result = {}
    for number, entry in _numbered(entries, path):
        fields = _branch(entry, path)
        if key_name not in fields or value_name not in fields:
            raise MalformedInput(f"Entry {number} of '{path}' needs a key and a value.")
        result[fields[key_name]] = _read(shape.value, fields[value_name], f"{path}.{number}")
    return result


def _branch(node: Any, path: str) -> _Tree:
    if isinstance(node, dict):
        return node
    if node == "":
        return {}
    raise MalformedInput(f"'{path}' must have members, not a single value.")


def _numbered(items: _Tree, path: str) -> list[tuple[int, Any]]:
    if not all(number.isascii() and number.isdecimal() for number in items):
        raise MalformedInput(f"The elements of '{path}' must be numbered.")
    return sorted((int(number), item) for number, item in items.items())
