"""The models' regular expressions in the dialect of JSON Schema: ECMA-262 in its Unicode mode."""

import re

from clary.aws.patterns import translate

_TOKEN = re.compile(r"\\U([\dA-F]{8})|\\(.)|(\[\^?)|(\])|[^\\\[\]]+", re.DOTALL)
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_START, _END = "\\A", "\\z"
# A few models repeat an anchor, which means nothing and is an error here.
_MEANINGLESS = re.compile(r"(?<!\\)\$[*+?{]")


def to_ecma(pattern: str) -> str | None:
    """An expression that matches the values that the model's does; None where there is none."""
    if _MEANINGLESS.search(pattern):
        return None
    pieces = []
    in_class = False
    for token in _TOKEN.finditer(translate(pattern.removeprefix(_START).removesuffix(_END))):
        if token[3]:
            in_class = True
        elif token[4]:
            in_class = False
        pieces.append(_convert(token, in_class=in_class))
    return _anchor("".join(pieces))


def _convert(token: re.Match[str], *, in_class: bool) -> str:
    if token[1]:
        return chr(int(token[1], 16))
    escaped = token[2]
    if escaped is None or escaped.isalnum() or escaped in _SYNTAX or (escaped == "-" and in_class):
        return token[0]
    return escaped


def _anchor(pattern: str) -> str:
    whole = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    return pattern if whole and "|" not in pattern else f"^(?:{pattern})$"
