"""JSON documents by shape, shared by the two JSON protocols."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from botocore.model import ListShape, MapShape, Shape, StructureShape

from clary.aws.protocols.values import (
    SerializationError,
    format_blob,
    format_timestamp,
    parse_blob,
    parse_timestamp,
    refuse,
    timestamp_format,
)

# JSON can write one alone, UTF-8 (and so the database and the answer) cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPECIAL_FLOATS = frozenset({"NaN", "Infinity", "-Infinity"})


def load_document(body: bytes) -> Any:
    """The body's JSON value; an empty body is an empty structure."""
    if not body:
        return {}
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"The request body is not valid JSON: {error}") from error


def read(shape: Shape, value: Any, path: str = "") -> Any:
    """The value by the shape's member names. Unknown members and nulls of structures are left out."""
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return _read_structure(shape, value, path)
    if isinstance(shape, ListShape):
        return _read_list(shape, value, path)
    if isinstance(shape, MapShape):
        return _read_map(shape, value, path)
    return _SCALARS[shape.type_name](value, path)


def read_body(shape: Shape, body: bytes, path: str) -> Any:
    """The whole body as a value of the shape; null and nothing are an empty structure."""
    try:
        return read(shape, load_document(body), path) or {}
    except RecursionError as error:
        raise SerializationError("The request body is nested too deeply.") from error


def write(shape: Shape, value: Any) -> Any:
    """The JSON value for an output that fits the shape."""
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return value
        members = shape.members
        return {
            members[name].serialization.get("name", name): write(members[name], member)
            for name, member in value.items()
        }
    if isinstance(shape, ListShape):
        return [write(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: write(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return format_timestamp(value, timestamp_format(shape, "unixTimestamp"))
    return format_blob(value) if shape.type_name == "blob" else value


def dump(value: Any) -> bytes:
    """JSON bytes, compact."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _read_structure(shape: StructureShape, value: Any, path: str) -> Any:
    if shape.is_document_type:
        return value
    if not isinstance(value, dict):
        raise refuse(value, "Structure", path)
    result = {}
    for name, member in shape.members.items():
        given = value.get(member.serialization.get("name", name))
        if given is not None:
            result[name] = read(member, given, _join(path, name))
    return result


def _read_list(shape: ListShape, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise refuse(value, "List", path)
    member = shape.member
    return [read(member, item, f"{path}.{number}.member") for number, item in enumerate(value, start=1)]


def _read_map(shape: MapShape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(value, "Map", path)
    return {
        _read_string(key, path): read(shape.value, item, f"{path}.{key}.member")
        for key, item in value.items()
    }


def _read_string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise refuse(value, "String", path)
    if not value.isascii() and _SURROGATE.search(value):
        raise SerializationError(f"Half a surrogate pair is no text at '{path}'.")
    return value


def _read_boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise refuse(value, "Boolean", path)
    return value


def _read_integer(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise refuse(value, "Integer", path)
    return int(value)


def _read_float(value: Any, path: str) -> float:
    if isinstance(value, bool) or not (isinstance(value, int | float) or value in _SPECIAL_FLOATS):
        raise refuse(value, "Float", path)
    return float(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _join(path: str, member: str) -> str:
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name


_SCALARS: dict[str, Callable[[Any, str], Any]] = {
    "string": _read_string,
    "character": _read_string,
    "boolean": _read_boolean,
    "integer": _read_integer,
    "long": _read_integer,
    "bigInteger": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "timestamp": parse_timestamp,
    "blob": parse_blob,
}
