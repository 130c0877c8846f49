"""Whether a handler's answer fits the operation's output shape: what does not is the platform's fault."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "bigInteger": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": datetime,
    "blob": (bytes, str),
}


class AnswerMismatch(TypeError):
    """A handler's answer has an unknown member, lacks a required one, or has one of another type."""


def conform(shape: Shape, value: Any, path: str = "") -> Any:
    """The answer without its None values; AnswerMismatch where it does not fit the shape."""
    if isinstance(shape, StructureShape):
        return value if shape.is_document_type else _conform_structure(shape, value, path)
    if isinstance(shape, ListShape):
        _expect(isinstance(value, list | tuple), shape, value, path)
        return [conform(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(shape, MapShape):
        _expect(isinstance(value, Mapping), shape, value, path)
        return {
            str(key): conform(shape.value, item, f"{path}[{key!r}]")
            for key, item in value.items()
            if item is not None
        }
    expected = _TYPES[shape.type_name]
    is_stray_boolean = isinstance(value, bool) and expected is not bool
    _expect(isinstance(value, expected) and not is_stray_boolean, shape, value, path)
    return value


def _conform_structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    _expect(isinstance(value, Mapping), shape, value, path)
    members = shape.members
    result = {}
    for name, item in value.items():
        if name not in members:
            raise AnswerMismatch(f"{path or shape.name} has no member {name!r}")
        if item is not None:
            result[name] = conform(members[name], item, f"{path}.{name}" if path else name)
    missing = [name for name in shape.required_members if name not in result]
    if missing:
        raise AnswerMismatch(f"{path or shape.name} lacks the required members {', '.join(missing)}")
    return result


def _expect(fits: bool, shape: Shape, value: Any, path: str) -> None:
    if not fits:
        raise AnswerMismatch(
            f"{path or shape.name} must be a {shape.type_name}, not a {type(value).__name__}"
        )
