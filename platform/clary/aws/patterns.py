"""The regular expressions of AWS's models, which are Java's, as Python's.

Java's classes are ASCII unless asked otherwise, its ``\\p{Alnum}`` and kin are POSIX classes, and astral
characters are written as surrogate pairs. A pattern has to match the whole value.
"""

import logging
from functools import cache

import regex

_LOG = logging.getLogger(__name__)

# What can't be decided in this many seconds is no match: some of AWS's patterns backtrack without end.
MATCH_SECONDS = 0.25

_POSIX = {
    "ASCII": r"\x00-\x7F",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F",
    "Digit": "0-9",
    "Graph": r"\x21-\x7E",
    "Lower": "a-z",
    "Print": r"\x20-\x7E",
    "Punct": r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
    "Space": r" \t\n\x0B\f\r",
    "Upper": "A-Z",
    "XDigit": "0-9a-fA-F",
}
_ASCII = {"w": "a-zA-Z0-9_", "d": "0-9", "s": r" \t\n\x0B\f\r"}
_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
_TOKEN = regex.compile(r"\\p\{(\w+)\}|\\.|\[\^?\]?|\]|[^\\\[\]]+", regex.DOTALL)


@cache
def compile_pattern(pattern: str) -> regex.Pattern[str] | None:
    """The pattern, ready for :func:`matches`; None (and a warning) where it can't be understood."""
    try:
        return regex.compile(translate(pattern))
    except regex.error as error:
        _LOG.warning("Pattern %r of the service model is not checked: %s", pattern, error)
        return None


def matches(pattern: regex.Pattern[str], value: str) -> bool:
    """Whether the whole value matches."""
    try:
        return pattern.fullmatch(value, timeout=MATCH_SECONDS) is not None
    except TimeoutError:
        return False


def translate(pattern: str) -> str:
    """The pattern with Java's own notations spelled out."""
    pattern = pattern.replace(_ASTRAL, r"\U00010000-\U0010FFFF")
    pieces = []
    in_class = False
    after_members = False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        # A dash after a class is itself: `[\w-_]` is no range.
        if after_members and text.startswith("-"):
            text = "\\" + text
        after_members = False
        if text.startswith("[") and not in_class:
            in_class = True
        elif text == "]":
            in_class = False
        elif text.startswith("["):
            text = text.replace("[", r"\[", 1)
        elif members := _POSIX.get(token[1] or "") or _ASCII.get(text[1:] if text[0] == "\\" else ""):
            text = members if in_class else f"[{members}]"
            after_members = in_class
        pieces.append(text)
    return "".join(pieces)
