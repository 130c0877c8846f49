"""JSON Schemas of the models' shapes: one component a structure, everything else where it is used."""

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from clary.rest.openapi.patterns import to_ecma
from clary.rest.openapi.texts import to_markdown

Schema = dict[str, Any]

_TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "character": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "bigInteger": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "blob": {"type": "string", "contentEncoding": "base64"},
}
_SIZES = {"string": "Length", "list": "Items", "map": "Properties"}
_ANSWER_TIME: Schema = {"type": "string", "format": "date-time"}
# A request may give seconds since the epoch as well.
_REQUEST_TIME: Schema = {"type": ["string", "number"], "format": "date-time"}


class Components:
    """Collects components while operations are described; requests must be described before answers.

    What only answers hold has no lengths, ranges and patterns: AWS does not keep to them there (the URI of
    artifacts that are yet to be made is empty).
    """

    def __init__(self, *, prefix: str = "") -> None:
        self.schemas: dict[str, Schema] = {}
        self._prefix = prefix

    def describe(self, shape: Shape, *, strict: bool) -> Schema:
        """The schema of one use of a shape, with what the model says of that use."""
        schema = self._schema(shape, strict=strict)
        text = to_markdown(shape.documentation)
        return schema | {"description": text} if text else schema

    def describe_members(
        self, members: Mapping[str, Shape], shape: StructureShape, *, strict: bool
    ) -> Schema:
        """The schema of an object with these members of a structure and no other."""
        # Tokens of idempotency are made up where they are missing, as AWS's clients do.
        required = [
            name
            for name, member in members.items()
            if name in shape.required_members and "idempotencyToken" not in member.metadata
        ]
        schema: Schema = {
            "type": "object",
            "properties": {name: self.describe(member, strict=strict) for name, member in members.items()},
            "additionalProperties": False,
        }
        if required:
            schema["required"] = required
        return schema

    def _schema(self, shape: Shape, *, strict: bool) -> Schema:
        if isinstance(shape, StructureShape):
            return self._refer(shape, strict=strict)
        if isinstance(shape, ListShape):
            schema: Schema = {"type": "array", "items": self.describe(shape.member, strict=strict)}
        elif isinstance(shape, MapShape):
            schema = self._describe_map(shape, strict=strict)
        elif shape.type_name == "timestamp":
            return dict(_REQUEST_TIME if strict else _ANSWER_TIME)
        else:
            schema = dict(_TYPES[shape.type_name])
        if enum := shape.metadata.get("enum"):
            schema["enum"] = list(enum)
        return schema | _constrain(shape) if strict else schema

    def _describe_map(self, shape: MapShape, *, strict: bool) -> Schema:
        schema: Schema = {
            "type": "object",
            "additionalProperties": self.describe(shape.value, strict=strict),
        }
        if strict and (names := _constrain(shape.key)):
            schema["propertyNames"] = names
        return schema

    def _refer(self, shape: StructureShape, *, strict: bool) -> Schema:
        if shape.is_document_type:
            return {}
        name = self._prefix + shape.name
        if name not in self.schemas:
            self.schemas[name] = {}  # structures may hold themselves
            self.schemas[name] = self.describe_members(shape.members, shape, strict=strict)
        return {"$ref": f"#/components/schemas/{name}"}


def _constrain(shape: Shape) -> Schema:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    schema: Schema = {}
    if shape.type_name in {"integer", "long", "float", "double", "bigInteger"}:
        schema |= {"minimum": minimum, "maximum": maximum}
    elif size := _SIZES.get(shape.type_name):
        schema |= {f"min{size}": minimum or None, f"max{size}": maximum}
    if pattern := shape.metadata.get("pattern"):
        schema["pattern"] = to_ecma(pattern)
    return {key: value for key, value in schema.items() if value is not None}
