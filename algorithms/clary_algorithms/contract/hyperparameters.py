"""Declared hyperparameters: how each is parsed, the range it must be in, and the texts that refuse it."""

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary_algorithms.contract.errors import UserError


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds, included unless they are said to be open; None is no bound."""

    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        above = self.minimum is None or (value > self.minimum if self.open_minimum else value >= self.minimum)
        below = self.maximum is None or (value < self.maximum if self.open_maximum else value <= self.maximum)
        return above and below

    def __str__(self) -> str:
        lower = "(-inf" if self.minimum is None else f"{'(' if self.open_minimum else '['}{self.minimum}"
        upper = "+inf)" if self.maximum is None else f"{self.maximum}{')' if self.open_maximum else ']'}"
        return f"Interval {lower}, {upper}"


Range = Container[Any]


def _check_value(name: str, value: Any, allowed: Range) -> None:
    if value not in allowed:
        raise UserError(f"Hyperparameter {name}: {value} is not in {allowed}")


def _check_each(name: str, values: Any, allowed: Range) -> None:
    if any(value not in allowed for value in values):
        raise UserError(f"Hyperparameter {name}: value {values} not in range {allowed}")


def _check_each_nested(name: str, values: Any, allowed: Range) -> None:
    if any(value not in allowed for inner in values for value in inner):
        raise UserError(f"Hyperparameter {name}: value {values} not in range {allowed}")


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One declared hyperparameter. ``parse`` raises ValueError; ``check`` raises :class:`UserError`."""

    parse: Callable[[str], Any]
    range: Range
    required: bool = False
    check: Callable[[str, Any, Range], None] = _check_value


def integer(
    minimum: int | None = None, maximum: int | None = None, *, required: bool = False
) -> Hyperparameter:
    return Hyperparameter(int, Interval(minimum, maximum), required)


def number(
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    open_minimum: bool = False,
    open_maximum: bool = False,
) -> Hyperparameter:
    return Hyperparameter(float, Interval(minimum, maximum, open_minimum, open_maximum))


def choice(*values: str) -> Hyperparameter:
    return Hyperparameter(str, list(values))


def comma_separated(allowed: Range) -> Hyperparameter:
    return Hyperparameter(lambda text: [part.strip() for part in text.split(",")], allowed, check=_check_each)


def tuple_of(*values: int) -> Hyperparameter:
    return Hyperparameter(_parse_sequence, list(values), check=_check_each)


def nested_lists_of(allowed: Range) -> Hyperparameter:
    return Hyperparameter(_parse_nested, allowed, check=_check_each_nested)


def validate(
    declared: Mapping[str, Hyperparameter],
    given: Mapping[str, str],
    *,
    aliases: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Parse and check what the request gives; absent ones stay absent. Raises :class:`UserError`.

    ``aliases`` maps other names to declared ones; where both are given, the declared name's value counts.
    """
    renamed = {(aliases or {}).get(name, name): value for name, value in given.items()} | {
        name: value for name, value in given.items() if name in declared
    }
    for name, hyperparameter in declared.items():
        if hyperparameter.required and name not in renamed:
            raise UserError(f"Missing required hyperparameter: {name}")
    parsed = {name: _parse(declared, name, value) for name, value in renamed.items()}
    for name, value in parsed.items():
        declared[name].check(name, value, declared[name].range)
    return parsed


def _parse(declared: Mapping[str, Hyperparameter], name: str, value: str) -> Any:
    if name not in declared:
        raise UserError(f"Extraneous hyperparameter found: {name}")
    try:
        return declared[name].parse(value)
    except ValueError as error:
        raise UserError(f"Hyperparameter {name}: could not parse value (caused by ValueError)") from error


def _parse_sequence(text: str) -> Sequence[Any]:
    try:
        values = ast.literal_eval(text.strip())
    except SyntaxError as error:
        raise ValueError(str(error)) from error
    if not isinstance(values, list | tuple):
        return (values,)
    return tuple(values)


def _parse_nested(text: str) -> list[list[Any]]:
    groups = _parse_sequence(text)
    if not all(isinstance(group, list | tuple) for group in groups):
        raise ValueError("not a nested list")
    return [list(group) for group in groups]
