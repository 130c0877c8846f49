"""A SearchExpression as a predicate on documents.

Source: Amazon SageMaker API Reference, SearchExpression, Filter and NestedFilters.
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import StructureShape

from clary.kernel.errors import ValidationError
from clary.resources.search.comparisons import compile_test
from clary.resources.search.properties import Document, find_property, list_member

Predicate = Callable[[Document], bool]
Expression = dict[str, Any]

MAX_DEPTH = 20
MAX_CONTAINS = 1


def compile_expression(expression: Expression, shape: StructureShape, *, prefix: str = "") -> Predicate:
    """Whether a document satisfies the expression; names of properties may begin with ``prefix``.

    Raises ValidationError for a name that is no property of the shape.
    """
    contains = [each for each in _all_filters(expression) if each.get("Operator") == "Contains"]
    if len(contains) > MAX_CONTAINS:
        raise ValidationError(f"'CONTAINS' operator usage limit of {MAX_CONTAINS} exceeded.")
    return _compile(expression, shape, prefix)


def _compile(expression: Expression, shape: StructureShape, prefix: str) -> Predicate:
    parts = [_compile_filter(each, shape, prefix) for each in expression.get("Filters") or []]
    parts += [_compile_nested(each, shape) for each in expression.get("NestedFilters") or []]
    parts += [_compile(each, shape, prefix) for each in expression.get("SubExpressions") or []]
    if not parts:
        return lambda _document: True
    combine = any if expression.get("Operator") == "Or" else all
    return lambda document: combine(part(document) for part in parts)


def _compile_filter(each: dict[str, str], shape: StructureShape, prefix: str) -> Predicate:
    found = find_property(shape, each["Name"].removeprefix(prefix))
    name = each.get("Operator", "Equals")
    if name in {"Exists", "NotExists"}:
        wanted = name == "Exists"
        return lambda document: (next(found.values(document), None) is not None) is wanted
    test = compile_test(found, name, each.get("Value"))
    if name == "NotEquals":
        return lambda document: not any(map(test, found.values(document)))
    return lambda document: any(map(test, found.values(document)))


def _compile_nested(nested: dict[str, Any], shape: StructureShape) -> Predicate:
    """One and the same entry of the list must satisfy all filters."""
    name = nested["NestedPropertyName"]
    entry = list_member(shape, name)
    for each in nested["Filters"]:
        if not each["Name"].startswith(f"{name}."):
            raise ValidationError(f"Property {each['Name']} is not nested in {name}.")
    parts = [_compile_filter(each, entry, f"{name}.") for each in nested["Filters"]]
    entries = find_property(shape, name)
    return lambda document: any(all(part(item) for part in parts) for item in entries.values(document))


def _all_filters(expression: Expression, depth: int = 1) -> Iterator[dict[str, str]]:
    if depth > MAX_DEPTH:
        raise ValidationError(f"SubExpressions may be nested {MAX_DEPTH} deep at most.")
    yield from expression.get("Filters") or []
    for nested in expression.get("NestedFilters") or []:
        yield from nested["Filters"]
    for each in expression.get("SubExpressions") or []:
        yield from _all_filters(each, depth + 1)
