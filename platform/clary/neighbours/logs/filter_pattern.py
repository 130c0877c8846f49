"""Filter patterns over unstructured text: terms, quoted phrases, ``?`` (any of) and ``-`` (none of).

Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax". Matching heeds case and looks anywhere in
a message. ``?`` terms beside others are ignored, as documented there. JSON, space-delimited and
regular-expression patterns are refused by name.
"""

import re
from collections.abc import Callable

from clary.kernel.errors import UnsupportedOperation
from clary.neighbours.logs.lookup import InvalidParameter

_TOKEN = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<term>[^\s"]+))(?=\s|$)\s*')
_UNSUPPORTED = {"{": "JSON", "[": "space-delimited", "%": "regular-expression"}


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A predicate on messages; raises InvalidParameterException where the pattern is malformed."""
    terms = _parse(pattern.strip())
    required, excluded, optional = terms[""], terms["-"], terms["?"]
    if optional and not required and not excluded:
        return lambda message: any(term in message for term in optional)

    def matches(message: str) -> bool:
        return all(term in message for term in required) and not any(term in message for term in excluded)

    return matches


def _parse(pattern: str) -> dict[str, list[str]]:
    if pattern[:1] in _UNSUPPORTED:
        raise UnsupportedOperation(
            f"Clary doesn't evaluate {_UNSUPPORTED[pattern[0]]} filter patterns yet: '{pattern}'. "
            "Use terms and quoted phrases."
        )
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise InvalidParameter("Invalid filter pattern")
        terms[match["sign"]].append(_read_term(match))
        position = match.end()
    return terms


def _read_term(match: re.Match[str]) -> str:
    if match["phrase"] is not None:
        phrase = re.sub(r"\\(.)", r"\1", match["phrase"])
        return phrase if phrase.strip() else ""
    if not re.fullmatch(r"\w+", match["term"]):
        raise InvalidParameter(f"Invalid filter pattern: Invalid character(s) in term '{match['term']}'")
    return match["term"]
