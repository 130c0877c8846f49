"""Operators of a filter: what each means for each type of property.

Text heeds case. Numbers and times compare by value; a time without a fraction means the whole second.
"""

import math
import operator
from collections.abc import Callable, Set
from datetime import UTC, datetime
from typing import Any

from clary.kernel.errors import ValidationError
from clary.resources.search.properties import Property, Type

Test = Callable[[Any], bool]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_EQUALITY = {"Equals", "NotEquals"}
_ALLOWED: dict[Type, Set[str]] = {
    Type.TEXT: _EQUALITY | {"Contains", "In"},
    Type.NUMBER: _EQUALITY | _ORDER.keys(),
    Type.TIMESTAMP: _EQUALITY | _ORDER.keys(),
    Type.BOOLEAN: _EQUALITY,
    Type.FREE_TEXT: _EQUALITY | _ORDER.keys() | {"Contains", "In"},
    Type.STRUCTURE: frozenset(),
}


def compile_test(found: Property, name: str, value: str | None) -> Test:
    """Whether one value of a property satisfies an operator; NotEquals is tested as Equals.

    Raises ValidationError for an operator that the property doesn't have, or a value that is none for it.
    """
    if name not in _ALLOWED[found.type]:
        raise ValidationError(f"Operator {name} is not supported for {found.type} property {found.name}.")
    if value is None:
        raise ValidationError(f"Operator {name} of property {found.name} needs a Value.")
    if name == "Contains":
        return lambda stored: value in stored
    if name == "In":
        options = {option.strip() for option in value.split(",")}
        return lambda stored: stored in options
    compare: Callable[[Any, Any], bool] = _ORDER.get(name, operator.eq)
    operand, read = _READERS[found.type](found.name, name, value)
    return lambda stored: compare(read(stored), operand)


def number_of(text: Any) -> float:
    """The number that a text is; not-a-number, which no comparison is true of, where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


Reader = tuple[Any, Callable[[Any], Any]]


def _read_text(_property: str, _operator: str, value: str) -> Reader:
    return value, lambda stored: stored


def _read_number(name: str, _operator: str, value: str) -> Reader:
    operand = number_of(value)
    if math.isnan(operand):
        raise ValidationError(f"Value '{value}' of property {name} must be a number.")
    return operand, float


def _read_free_text(name: str, operator_name: str, value: str) -> Reader:
    operand = number_of(value)
    if math.isnan(operand):
        if operator_name in _ORDER:
            raise ValidationError(f"Value '{value}' of property {name} must be a number.")
        return _read_text(name, operator_name, value)
    if value.lstrip("+-").isdecimal():
        # An integer is compared with the whole part of what is stored.
        return operand, lambda stored: _whole(number_of(stored))
    return operand, number_of


def _whole(number: float) -> float:
    return float(math.trunc(number)) if math.isfinite(number) else number


def _read_boolean(name: str, _operator: str, value: str) -> Reader:
    if value.lower() not in {"true", "false"}:
        raise ValidationError(f"Value '{value}' of property {name} must be true or false.")
    return value.lower() == "true", bool


def _read_timestamp(name: str, _operator: str, value: str) -> Reader:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValidationError(
            f"Value '{value}' of property {name} must be an ISO 8601 time: YYYY-mm-ddTHH:MM:SS."
        ) from error
    operand = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if operand.microsecond:
        return operand, lambda stored: stored
    return operand, lambda stored: stored.replace(microsecond=0)


_READERS: dict[Type, Callable[[str, str, str], Reader]] = {
    Type.TEXT: _read_text,
    Type.NUMBER: _read_number,
    Type.TIMESTAMP: _read_timestamp,
    Type.BOOLEAN: _read_boolean,
    Type.FREE_TEXT: _read_free_text,
}
