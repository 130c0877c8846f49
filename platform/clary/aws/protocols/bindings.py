"""Where the REST protocols put members: path labels, query, headers, status code and payload."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from clary.aws.protocols.messages import Members, WireRequest
from clary.aws.protocols.values import SerializationError, format_text_scalar, parse_text_scalar

_LOCATIONS = frozenset({"uri", "querystring", "header", "headers", "statusCode"})
_HTTP_DATE = "rfc822"


def read_located(shape: StructureShape, request: WireRequest) -> Members:
    """The members that the path, the query and the headers carry."""
    query: dict[str, list[str]] = {}
    for name, value in request.query:
        query.setdefault(name, []).append(value)
    result: Members = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                found: Any = _read_one(member, request.labels.get(name) or request.labels.get(wire), name)
            case "querystring":
                found = _read_query(member, query, wire, name)
            case "header":
                found = _read_header(member, request.headers.get(wire.lower()), name)
            case "headers":
                found = _read_prefixed(request, wire.lower())
            case _:
                continue
        if found is not None:
            result[name] = found
    return result


def read_input(
    operation: OperationModel, request: WireRequest, read_body: Callable[[Shape, bytes, str], Any]
) -> Members:
    """The whole input; ``read_body`` reads a document by a shape, raw payloads are handed over untouched."""
    shape = operation.input_shape
    if shape is None:
        return {}
    members = read_located(shape, request)
    if payload := payload_member(shape):
        name, member = payload
        if member.type_name == "blob":
            members[name] = request.body
        elif member.type_name == "string":
            members[name] = request.body.decode("utf-8", "replace")
        elif request.body:
            members[name] = read_body(member, request.body, name)
    elif request.body and (body := body_members(shape)):
        read = read_body(shape, request.body, "")
        members |= {name: value for name, value in read.items() if name in body}
    return members


def body_members(shape: StructureShape) -> dict[str, Shape]:
    """The members that neither path, query nor headers carry."""
    return {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") not in _LOCATIONS
    }


def payload_member(shape: StructureShape | None) -> tuple[str, Shape] | None:
    """Name and shape of the member that is the whole body, where there is one."""
    if shape is None or not (name := shape.serialization.get("payload")):
        return None
    return name, shape.members[name]


def is_raw(shape: Shape) -> bool:
    """Whether a payload goes on the wire as it is."""
    return shape.type_name in {"blob", "string"}


def raw_payload(value: bytes | str) -> bytes:
    """A raw payload's bytes."""
    return value.encode() if isinstance(value, str) else value


def write_headers(shape: StructureShape, output: Members) -> list[tuple[str, str]]:
    """The headers that carry output members."""
    headers: list[tuple[str, str]] = []
    for name, value in output.items():
        member = shape.members[name]
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "header":
                headers.append((wire, _header_text(member, value)))
            case "headers":
                headers += [(f"{wire}{key}", str(item)) for key, item in value.items()]
    return headers


def status_of(operation: OperationModel, output: Members) -> int:
    """The answer's status: a member's where one is bound to it, else the model's."""
    shape = operation.output_shape
    for name, value in output.items():
        if shape and shape.members[name].serialization.get("location") == "statusCode":
            return int(value)
    return int(operation.http.get("responseCode", 200))


def _read_one(member: Shape, text: str | None, path: str) -> Any:
    return None if text is None else parse_text_scalar(member, text, path)


def _read_query(member: Shape, query: dict[str, list[str]], wire: str, path: str) -> Any:
    if isinstance(member, MapShape):
        return _read_query_map(member, query)
    values = query.get(wire)
    if not values:
        return None
    if isinstance(member, ListShape):
        return [parse_text_scalar(member.member, value, path) for value in values]
    return parse_text_scalar(member, values[-1], path)


def _read_query_map(member: MapShape, query: dict[str, list[str]]) -> dict[str, Any]:
    if isinstance(member.value, ListShape):
        return dict(query)
    return {name: values[-1] for name, values in query.items()}


def _read_header(member: Shape, text: str | None, path: str) -> Any:
    if text is None:
        return None
    if member.serialization.get("jsonvalue"):
        try:
            return json.loads(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise SerializationError(f"'{path}' must be base64 of JSON.") from error
    if isinstance(member, ListShape):
        return [parse_text_scalar(member.member, item, path) for item in _split(text)]
    return parse_text_scalar(member, text, path)


def _read_prefixed(request: WireRequest, prefix: str) -> dict[str, str] | None:
    found = {name[len(prefix) :]: value for name, value in request.headers.items() if name.startswith(prefix)}
    return found or None


def _split(text: str) -> Iterable[str]:
    return (item.strip() for item in text.split(",") if item.strip())


def _header_text(member: Shape, value: Any) -> str:
    if member.serialization.get("jsonvalue"):
        return base64.b64encode(json.dumps(value).encode()).decode()
    if isinstance(member, ListShape):
        return ",".join(format_text_scalar(member.member, item, _HTTP_DATE) for item in value)
    return format_text_scalar(member, value, _HTTP_DATE)
