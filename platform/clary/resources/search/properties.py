"""Properties by their names: ``ResourceConfig.InstanceType``, ``HyperParameters.eta``, ``Tags.team``."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from botocore.model import ListShape, MapShape, Shape, StructureShape

from clary.kernel.errors import ValidationError

# Names that pick an entry of a list: the list, the member with the entry's name, the one with its value.
_NAMED = {"Tags": ("Tags", "Key", "Value"), "Metrics": ("FinalMetricDataList", "MetricName", "Value")}


class Type(StrEnum):
    """What the values of a property are compared as."""

    TEXT = "text"
    NUMBER = "numerical"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    FREE_TEXT = "free text"
    """Text that may be a number, as hyperparameters are."""
    STRUCTURE = "structured"


_SCALARS = {
    "string": Type.TEXT,
    "integer": Type.NUMBER,
    "long": Type.NUMBER,
    "float": Type.NUMBER,
    "double": Type.NUMBER,
    "timestamp": Type.TIMESTAMP,
    "boolean": Type.BOOLEAN,
}


class Document(Protocol):
    """What has members: a record, or an entry of a list in one."""

    def get(self, member: str, /) -> Any:
        """A member, or None."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a shape: where its values are, and what they are compared as."""

    name: str
    type: Type
    path: tuple[str, ...]
    entry: tuple[str, str] | None = None
    """For a named entry of a list: the member that must have the path's last part, the one with the value."""

    def values(self, document: Document) -> Iterator[Any]:
        """Its values in a document: none, one, or several where a list is on the way."""
        first, *rest = self.path
        if self.entry is None:
            yield from _values_at(document.get(first), rest)
            return
        name, value = self.entry
        for each in document.get(first) or []:
            if each[name] == rest[0]:
                yield each[value]


def find_property(shape: StructureShape, name: str) -> Property:
    """The property of that name; ValidationError where the shape has none."""
    head, _, key = name.partition(".")
    named = _NAMED.get(head)
    if named and key and named[0] in shape.members:
        member, name_member, value_member = named
        kind = Type.NUMBER if head == "Metrics" else Type.TEXT
        return Property(name, kind, (member, key), (name_member, value_member))
    parts = tuple(name.split("."))
    return Property(name, _type_at(shape, parts, name), parts)


def list_member(shape: StructureShape, name: str) -> StructureShape:
    """The shape of a list property's entries; ValidationError where it is no list of structures."""
    found: Shape | None = shape
    for part in name.split("."):
        found = found.members.get(part) if isinstance(found, StructureShape) else None
    if isinstance(found, ListShape) and isinstance(found.member, StructureShape):
        return found.member
    raise ValidationError(f"Property {name} is not a list of nested objects: NestedFilters can't be used.")


def _type_at(shape: Shape, parts: tuple[str, ...], name: str) -> Type:
    if isinstance(shape, ListShape):
        return _type_at(shape.member, parts, name)
    if not parts:
        return _SCALARS.get(shape.type_name, Type.STRUCTURE)
    if isinstance(shape, MapShape):
        return Type.FREE_TEXT
    if isinstance(shape, StructureShape) and parts[0] in shape.members:
        return _type_at(shape.members[parts[0]], parts[1:], name)
    raise ValidationError(f"Invalid property name: {name}")


def _values_at(value: Any, parts: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _values_at(item, parts)
    elif not parts:
        if value not in (None, ""):
            yield value
    elif isinstance(value, dict):
        # The key of a map may itself hold dots.
        key = ".".join(parts)
        if key in value:
            yield from _values_at(value[key], [])
        else:
            yield from _values_at(value.get(parts[0]), parts[1:])
