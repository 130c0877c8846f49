"""Inputs of operations, from the model: a minimal and a full valid one, and one a broken constraint."""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from clary.aws.checks import NOT_NULL, constraints_of, member_path
from support.strings import breaking_string, matching_string

# Longer values would only make the tests slow.
MAX_LENGTH = 5_000
MAX_ITEMS = 101
MAX_DEPTH = 6
_NUMBERS = frozenset({"integer", "long", "float", "double"})
Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BrokenExample:
    """An input with one broken constraint, and the words in which the error must report it."""

    members: Members
    report: str


def minimal_example(operation: OperationModel) -> Members:
    """Only what is required."""
    shape = operation.input_shape
    return _structure(shape, (), full=False) if shape else {}


def full_example(operation: OperationModel) -> Members:
    """Every member, recursive shapes to their first turn."""
    shape = operation.input_shape
    return _structure(shape, (), full=True) if shape else {}


def broken_examples(operation: OperationModel) -> Iterator[BrokenExample]:
    """One input for every constraint that the wire can carry a breach of."""
    shape = operation.input_shape
    if shape is None:
        return
    base = full_example(operation)
    for place in _places(shape, base, None, frozenset()):
        for value, sentence in place.breaches():
            members = copy.deepcopy(base)
            place.put(members, value)
            yield BrokenExample(members, f"at '{place.path}' failed to satisfy constraint: {sentence}")


class _Missing:
    """Stands for a member that is left out."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class _Place:
    """A value inside the input: where it is, how errors call it, and what may be wrong with it.

    ``noun`` is set for a scalar in a list or map, which AWS reports at the list with all its constraints.
    """

    shape: Shape
    path: str
    keys: tuple[Any, ...]
    required: bool = False
    location: str | None = None
    noun: str | None = None

    def put(self, members: Members, value: Any) -> None:
        """Replace the value, or take it out."""
        node: Any = members
        for key in self.keys[:-1]:
            node = node[key]
        if value is MISSING:
            del node[self.keys[-1]]
        else:
            node[self.keys[-1]] = value

    def breaches(self) -> Iterator[tuple[Any, str]]:
        """Wrong values, each with the sentence that reports it."""
        if self.required and self.location != "uri" and "idempotencyToken" not in self.shape.metadata:
            yield MISSING, NOT_NULL
        constraints = constraints_of(self.shape)
        together = ", ".join(sentence for sentence, _ in constraints)
        values = [value for value in _breaking_values(self.shape) if self._travels(value)]
        for sentence, rule in constraints:
            for value in itertools.islice(itertools.filterfalse(rule, values), 1):
                yield value, f"{self.noun} must satisfy constraint: [{together}]" if self.noun else sentence

    def _travels(self, value: Any) -> bool:
        if self.location in {"uri", "header"} and isinstance(value, str):
            return value.isascii() and value.isprintable() and value.strip() == value != ""
        return self.location != "querystring" or value != []


def _places(
    shape: StructureShape, value: Members, above: _Place | None, seen: frozenset[str]
) -> Iterator[_Place]:
    if shape.name in seen:
        return
    path, keys = (above.path, above.keys) if above else ("", ())
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        is_raw = name == payload and member.type_name in {"blob", "string"}
        if name in value and not is_raw:
            place = _Place(
                member,
                member_path(path, name),
                (*keys, name),
                required=name in shape.required_members,
                location=member.serialization.get("location"),
            )
            yield place
            yield from _inside(place, value[name], seen | {shape.name})


def _inside(place: _Place, value: Any, seen: frozenset[str]) -> Iterator[_Place]:
    shape = place.shape
    if isinstance(shape, StructureShape):
        yield from _places(shape, value, place, seen)
    elif isinstance(shape, ListShape) and value:
        yield from _element(place, shape.member, 0, value[0], seen)
    elif isinstance(shape, MapShape) and value:
        key = next(iter(value))
        yield from _element(place, shape.value, key, value[key], seen)


def _element(above: _Place, shape: Shape, key: Any, value: Any, seen: frozenset[str]) -> Iterator[_Place]:
    keys = (*above.keys, key)
    if isinstance(shape, StructureShape | ListShape | MapShape):
        number = key + 1 if isinstance(key, int) else key
        place = _Place(shape, f"{above.path}.{number}.member", keys)
        if not isinstance(shape, StructureShape):
            yield place
        yield from _inside(place, value, seen)
    else:
        yield _Place(shape, above.path, keys, noun="Member" if isinstance(key, int) else "Map value")


def _breaking_values(shape: Shape) -> Iterator[Any]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.metadata.get("enum"):
        yield "NoSuchValue"
    if shape.type_name in _NUMBERS:
        yield from (bound + step for bound, step in ((maximum, 1), (minimum, -1)) if bound is not None)
    elif shape.type_name in {"string", "blob"}:
        yield from _breaking_texts(shape, minimum or 0, maximum)
    elif isinstance(shape, ListShape):
        item = _value(shape.member, (shape.name,), full=True)
        yield from ([item] * count for count in _wrong_counts(minimum, maximum))
    elif isinstance(shape, MapShape):
        item = _value(shape.value, (shape.name,), full=True)
        for count in _wrong_counts(minimum, maximum):
            yield {f"key{number}": item for number in range(count)}


def _wrong_counts(minimum: int | None, maximum: int | None) -> Iterator[int]:
    if maximum is not None and maximum < MAX_ITEMS:
        yield maximum + 1
    if minimum:
        yield minimum - 1


def _breaking_texts(shape: Shape, minimum: int, maximum: int | None) -> Iterator[Any]:
    texts = []
    if maximum is not None and maximum < MAX_LENGTH:
        texts.append("a" * (maximum + 1))
    if minimum:
        texts.append("a" * (minimum - 1))
    if pattern := shape.metadata.get("pattern"):
        texts += [text for text in [breaking_string(pattern, minimum, maximum)] if text is not None]
    yield from (text.encode() if shape.type_name == "blob" else text for text in texts)


def _structure(shape: StructureShape, above: tuple[str, ...], *, full: bool) -> Members:
    names = list(shape.required_members)
    if full or shape.is_tagged_union:
        names += [name for name in shape.members if name not in names]
    if shape.is_tagged_union:
        names = names[:1]
    inner = (*above, shape.name)
    return {
        name: _value(shape.members[name], inner, full=full)
        for name in names
        if name in shape.required_members or not _turns_back(shape.members[name], inner)
    }


def _turns_back(shape: Shape, above: tuple[str, ...]) -> bool:
    while isinstance(shape, ListShape | MapShape):
        shape = shape.member if isinstance(shape, ListShape) else shape.value
    return isinstance(shape, StructureShape) and (shape.name in above or len(above) > MAX_DEPTH)


def _value(shape: Shape, above: tuple[str, ...], *, full: bool) -> Any:
    metadata = shape.metadata
    if isinstance(shape, StructureShape):
        return {} if shape.is_document_type else _structure(shape, above, full=full)
    if isinstance(shape, ListShape):
        count = max(metadata.get("min", 0), 1 if full else 0)
        return [_value(shape.member, above, full=full) for _ in range(count)]
    if isinstance(shape, MapShape):
        count = max(metadata.get("min", 0), 1 if full else 0)
        key = _value(shape.key, above, full=full)
        return {f"{key}{number or ''}": _value(shape.value, above, full=full) for number in range(count)}
    return _scalar(shape)


def _scalar(shape: Shape) -> Any:
    metadata = shape.metadata
    if enum := metadata.get("enum"):
        return enum[0]
    minimum, maximum = metadata.get("min"), metadata.get("max")
    match shape.type_name:
        case "boolean":
            return True
        case "timestamp":
            return datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
        case "blob":
            return b"a" * max(minimum or 0, 1)
        case "string":
            return matching_string(metadata.get("pattern"), minimum or 0, maximum)
        case "float" | "double":
            return float(minimum if minimum is not None else 1)
        case _:
            return int(minimum if minimum is not None else min(1, maximum if maximum is not None else 1))
