"""Compiled constraints of shapes: made once a shape, free where a shape has no constraint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from clary.aws.patterns import compile_pattern, matches

MAX_SHOWN = 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken constraint: ``shown`` is the value as the message shows it."""

    shown: str
    path: str
    constraint: str

    def __str__(self) -> str:
        return f"Value {self.shown} at '{self.path}' failed to satisfy constraint: {self.constraint}"


Check = Callable[[Any, str, list[Failure]], None]
Rule = Callable[[Any], bool]
NOT_NULL = "Member must not be null"


def compile_check(shape: Shape) -> Check | None:
    """The check of a shape, None where nothing can fail."""
    return _Compiler().compile(shape)


def member_path(path: str, member: str) -> str:
    """The path of a structure's member, in AWS's lower camel case."""
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name


def constraints_of(shape: Shape) -> list[tuple[str, Rule]]:
    """The shape's own constraints as sentence and rule, in the order in which AWS names them."""
    metadata = shape.metadata
    rules: list[tuple[str, Rule]] = []
    if enum := metadata.get("enum"):
        allowed = frozenset(enum)
        rules.append((f"Member must satisfy enum value set: [{', '.join(enum)}]", allowed.__contains__))
    if shape.type_name in {"integer", "long", "float", "double", "bigInteger"}:
        rules += _range_rules(metadata)
    elif shape.type_name in {"string", "list", "map", "blob"}:
        rules += _length_rules(metadata)
    if (source := metadata.get("pattern")) and (pattern := compile_pattern(source)):
        rules.append(
            (
                f"Member must satisfy regular expression pattern: {source}",
                lambda value: matches(pattern, value),
            )
        )
    return rules


class _Compiler:
    """Compiles shapes that may refer to themselves: a structure seen again is reached through its cell."""

    def __init__(self) -> None:
        self._structures: dict[str, _StructureCheck] = {}

    def compile(self, shape: Shape) -> Check | None:
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        own = constraints_of(shape)
        if isinstance(shape, ListShape):
            return self._list(shape, own)
        if isinstance(shape, MapShape):
            return self._map(shape, own)
        return _ScalarCheck(own, sensitive=_is_sensitive(shape)) if own else None

    def _structure(self, shape: StructureShape) -> Check | None:
        if shape.name in self._structures:
            return self._structures[shape.name]
        check = self._structures[shape.name] = _StructureCheck(tuple(shape.required_members))
        for name, member in shape.members.items():
            if member_check := self.compile(member):
                check.members.append((name, member_check))
        return check if check.required or check.members else None

    def _list(self, shape: ListShape, own: list[tuple[str, Rule]]) -> Check | None:
        element = shape.member
        if _is_scalar(element):
            return _ScalarListCheck(own, constraints_of(element))
        return _ListCheck(own, self.compile(element))

    def _map(self, shape: MapShape, own: list[tuple[str, Rule]]) -> Check | None:
        scalar = _is_scalar(shape.value)
        return _MapCheck(
            own,
            keys=constraints_of(shape.key),
            values=constraints_of(shape.value) if scalar else [],
            nested=None if scalar else self.compile(shape.value),
        )


class _StructureCheck:
    __slots__ = ("members", "required")

    def __init__(self, required: tuple[str, ...]) -> None:
        self.required = required
        self.members: list[tuple[str, Check]] = []

    def __call__(self, value: Mapping[str, Any], path: str, failures: list[Failure]) -> None:
        for name in self.required:
            if name not in value:
                failures.append(Failure("null", member_path(path, name), NOT_NULL))
        for name, check in self.members:
            if name in value:
                check(value[name], member_path(path, name), failures)


class _ScalarCheck:
    __slots__ = ("rules", "sensitive")

    def __init__(self, rules: list[tuple[str, Rule]], *, sensitive: bool) -> None:
        self.rules = rules
        self.sensitive = sensitive

    def __call__(self, value: Any, path: str, failures: list[Failure]) -> None:
        for sentence, rule in self.rules:
            if not rule(value):
                failures.append(Failure("'***'" if self.sensitive else show(value), path, sentence))


class _ScalarListCheck:
    """AWS reports broken scalars of a list at the list, with all constraints of an element."""

    __slots__ = ("element", "own", "sentence")

    def __init__(self, own: list[tuple[str, Rule]], element: list[tuple[str, Rule]]) -> None:
        self.own = own
        self.element = [rule for _, rule in element]
        self.sentence = f"Member must satisfy constraint: [{_join(element)}]"

    def __call__(self, value: Sequence[Any], path: str, failures: list[Failure]) -> None:
        _check_own(self.own, value, path, failures)
        if not _all_satisfy(self.element, value):
            failures.append(Failure(show(value), path, self.sentence))
        _check_nulls(value, path, failures)


class _ListCheck:
    __slots__ = ("element", "own")

    def __init__(self, own: list[tuple[str, Rule]], element: Check | None) -> None:
        self.own = own
        self.element = element

    def __call__(self, value: Sequence[Any], path: str, failures: list[Failure]) -> None:
        _check_own(self.own, value, path, failures)
        _check_nulls(value, path, failures)
        if self.element is not None:
            for number, item in enumerate(value, start=1):
                if item is not None:
                    self.element(item, f"{path}.{number}.member", failures)


class _MapCheck:
    __slots__ = ("keys", "keys_sentence", "nested", "own", "values", "values_sentence")

    def __init__(
        self,
        own: list[tuple[str, Rule]],
        *,
        keys: list[tuple[str, Rule]],
        values: list[tuple[str, Rule]],
        nested: Check | None,
    ) -> None:
        self.own = own
        self.keys = [rule for _, rule in keys]
        self.values = [rule for _, rule in values]
        self.nested = nested
        self.keys_sentence = f"Map keys must satisfy constraint: [{_join(keys)}]"
        self.values_sentence = f"Map value must satisfy constraint: [{_join(values)}]"

    def __call__(self, value: Mapping[str, Any], path: str, failures: list[Failure]) -> None:
        _check_own(self.own, value, path, failures)
        if not _all_satisfy(self.keys, value):
            failures.append(Failure(show(value), path, self.keys_sentence))
        if not _all_satisfy(self.values, value.values()):
            failures.append(Failure(show(value), path, self.values_sentence))
        for key, item in value.items():
            if item is None:
                failures.append(Failure("null", f"{path}.{key}.member", NOT_NULL))
            elif self.nested is not None:
                self.nested(item, f"{path}.{key}.member", failures)


def show(value: Any) -> str:
    """The value as AWS's messages show it, cut at 1,024 characters."""
    text = _show(value)
    return f"'{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '...'}'"


def _show(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_show, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return "null" if value is None else str(value)


def _check_own(rules: list[tuple[str, Rule]], value: Any, path: str, failures: list[Failure]) -> None:
    for sentence, rule in rules:
        if not rule(value):
            failures.append(Failure(show(value), path, sentence))


def _check_nulls(value: Sequence[Any], path: str, failures: list[Failure]) -> None:
    if None in value:
        for number, item in enumerate(value, start=1):
            if item is None:
                failures.append(Failure("null", f"{path}.{number}.member", NOT_NULL))


def _all_satisfy(rules: list[Rule], values: Any) -> bool:
    return not rules or all(rule(value) for value in values if value is not None for rule in rules)


def _range_rules(metadata: Mapping[str, Any]) -> list[tuple[str, Rule]]:
    rules: list[tuple[str, Rule]] = []
    if (maximum := metadata.get("max")) is not None:
        rules.append(
            (f"Member must have value less than or equal to {maximum}", lambda value: value <= maximum)
        )
    if (minimum := metadata.get("min")) is not None:
        rules.append(
            (f"Member must have value greater than or equal to {minimum}", lambda value: value >= minimum)
        )
    return rules


def _length_rules(metadata: Mapping[str, Any]) -> list[tuple[str, Rule]]:
    rules: list[tuple[str, Rule]] = []
    if (maximum := metadata.get("max")) is not None:
        rules.append(
            (f"Member must have length less than or equal to {maximum}", lambda value: len(value) <= maximum)
        )
    if minimum := metadata.get("min"):
        rules.append(
            (
                f"Member must have length greater than or equal to {minimum}",
                lambda value: len(value) >= minimum,
            )
        )
    return rules


def _join(rules: list[tuple[str, Rule]]) -> str:
    return ", ".join(sentence for sentence, _ in rules)


def _is_scalar(shape: Shape) -> bool:
    return shape.type_name not in {"structure", "list", "map"}


def _is_sensitive(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive"))
