"""Requests as JSON documents: datetimes and bytes survive the way into the database and back."""

import base64
from datetime import datetime
from typing import Any

from clary.kernel import clock

_TIME = "$time"
_BYTES = "$bytes"
_DICT = "$dict"
_MARKS = {_TIME, _BYTES, _DICT}


def freeze(value: Any) -> Any:
    """A JSON-ready copy of a parsed request."""
    if isinstance(value, dict):
        frozen = {key: freeze(item) for key, item in value.items()}
        return {_DICT: frozen} if len(frozen) == 1 and frozen.keys() <= _MARKS else frozen
    if isinstance(value, list | tuple):
        return [freeze(item) for item in value]
    if isinstance(value, datetime):
        return {_TIME: clock.from_datetime(value)}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    return value


def thaw(value: Any) -> Any:
    """The request that :func:`freeze` stored."""
    if isinstance(value, list):
        return [thaw(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        if _TIME in value:
            return clock.to_datetime(value[_TIME])
        if _BYTES in value:
            return base64.b64decode(value[_BYTES])
        value = value.get(_DICT, value)
    return {key: thaw(item) for key, item in value.items()}
