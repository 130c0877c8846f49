"""Strings that match (or break) the patterns of AWS's models."""

import re
import re._parser as sre  # type: ignore[import-untyped]
from collections.abc import Iterator
from functools import cache
from typing import Any

from clary.aws.patterns import compile_pattern, matches, translate

_PROPERTY = re.compile(r"\\p\{\w+\}")
_REPEATS = (1, 2, 0, 3, 8, 12, 20, 36, 64, 128, 255)
_BROKEN = ("!", "?", "-", "a b", "é", "~~", " ", "\x01", "a", "//", "\n")


@cache
def matching_string(pattern: str | None, minimum: int, maximum: int | None) -> str:
    """A string of a length in the range that matches the pattern."""
    if pattern is None:
        return "a" * max(minimum, 1 if maximum is None or maximum else 0)
    compiled = compile_pattern(pattern)
    assert compiled is not None
    for candidate in _candidates(pattern, minimum):
        if minimum <= len(candidate) <= (maximum or len(candidate)) and matches(compiled, candidate):
            return candidate
    raise AssertionError(f"no example of {minimum} to {maximum} characters for {pattern!r}")


@cache
def breaking_string(pattern: str, minimum: int, maximum: int | None) -> str | None:
    """A string of a length in the range that does not match, None where everything seems to match."""
    compiled = compile_pattern(pattern)
    assert compiled is not None
    for seed in _BROKEN:
        for candidate in (seed, seed * max(minimum, 1)):
            fits = minimum <= len(candidate) <= (maximum or len(candidate))
            if fits and not matches(compiled, candidate):
                return candidate
    return None


def _candidates(pattern: str, length: int) -> Iterator[str]:
    # Java may repeat an anchor, and says \z where Python says \Z.
    python = _PROPERTY.sub("a", translate(pattern)).replace("${", "{").replace(r"\z", r"\Z")
    tree = sre.parse(python)
    for repeats in (*_REPEATS, length):
        yield _sample(tree, repeats)


def _sample(tree: Any, repeats: int) -> str:
    return "".join(_part(str(operator), argument, repeats) for operator, argument in tree)


def _part(operator: str, argument: Any, repeats: int) -> str:
    match operator:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return "b" if argument == ord("a") else "a"
        case "ANY":
            return "a"
        case "IN":
            return _member(argument)
        case "BRANCH":
            return _sample(argument[1][0], repeats)
        case "SUBPATTERN":
            return _sample(argument[3], repeats)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = argument
            return _sample(inner, repeats) * max(low, min(repeats, int(high)))
        case _:
            return ""


def _member(items: list[Any]) -> str:
    if str(items[0][0]) == "NEGATE":
        return next(letter for letter in "a1-_" if not any(_holds(item, ord(letter)) for item in items[1:]))
    operator, argument = max(items, key=lambda item: str(item[0]) == "RANGE")
    if str(operator) == "RANGE":
        low, high = argument
        return "a" if low <= ord("a") <= high else chr(low)
    return chr(argument) if str(operator) == "LITERAL" else "a"


def _holds(item: tuple[Any, Any], code: int) -> bool:
    operator, argument = item
    if str(operator) == "RANGE":
        return bool(argument[0] <= code <= argument[1])
    return str(operator) == "LITERAL" and bool(argument == code)
