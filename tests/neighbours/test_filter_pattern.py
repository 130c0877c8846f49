import pytest

from clary.kernel.errors import ServiceError
from clary.neighbours.logs.filter_pattern import compile_pattern

MESSAGES = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[INFO 200] REQUEST FAILED LATER",
    'said "no way" at C:\\temp',
    "error in lower case",
    "Überlauf_1",
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("   ", [0, 1, 2, 3, 4, 5]),
        ('" "', [0, 1, 2, 3, 4, 5]),
        ("ERROR", [0, 1]),
        ("ERR", [0, 1]),
        ("error", [4]),
        ("Überlauf_1", [5]),
        ("ERROR ARGUMENTS", [1]),
        ("ARGUMENTS ERROR", [1]),
        ('"BAD REQUEST"', [0]),
        ('"REQUEST BAD"', []),
        ('"[ERROR 4"', [0, 1]),
        (r'"\"no way\""', [3]),
        (r'"C:\\temp"', [3]),
        ("ERROR -ARGUMENTS", [0]),
        ("-ERROR", [2, 3, 4, 5]),
        ('ERROR -"BAD REQUEST"', [1]),
        ("?ARGUMENTS ?FAILED", [1, 2]),
        ('?"BAD REQUEST" ?FAILED', [0, 2]),
        ("?ARGUMENTS REQUEST", [0, 2]),
        ("?ARGUMENTS -REQUEST", [1, 3, 4, 5]),
        ("  ERROR   ARGUMENTS  ", [1]),
    ],
)
def test_a_pattern_selects_as_documented(pattern: str, expected: list[int]) -> None:
    matches = compile_pattern(pattern)
    assert [index for index, message in enumerate(MESSAGES) if matches(message)] == expected


@pytest.mark.parametrize("pattern", ["a-b", "loss=0.1", "C:", "ERROR a.b", "-", "?", "--x", "'quoted'"])
def test_a_term_with_other_characters_must_be_quoted(pattern: str) -> None:
    with pytest.raises(ServiceError, match="Invalid character") as caught:
        compile_pattern(pattern)
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ['"open', 'glued"phrase"', '"phrase"glued', '"'])
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ServiceError, match="Invalid filter pattern") as caught:
        compile_pattern(pattern)
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [('{ $.level = "ERROR" }', "JSON"), ("[ip, user]", "space-delimited"), ("%ERR.*%", "regular-expression")],
)
def test_a_pattern_language_that_is_missing_is_named(pattern: str, kind: str) -> None:
    with pytest.raises(ServiceError, match=kind) as caught:
        compile_pattern(pattern)
    assert caught.value.code == "UnsupportedOperation"
