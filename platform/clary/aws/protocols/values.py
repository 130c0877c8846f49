"""Scalars on the wire: timestamps in the three forms that AWS uses, blobs, numbers and booleans."""

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from botocore.model import Shape

from clary.kernel.errors import ServiceError

_EPOCH = "unixTimestamp"
_ISO = "iso8601"
_RFC822 = "rfc822"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_SPECIAL_FLOATS = frozenset({"NaN", "Infinity", "-Infinity"})


class SerializationError(ServiceError):
    """The request can't be read into the operation's input."""

    code = "SerializationException"


def refuse(value: object, wanted: str, path: str) -> SerializationError:
    """The error for a value of the wrong type, in the words of AWS's own reader."""
    at = f" at '{path}'" if path else ""
    if isinstance(value, dict):
        return SerializationError(
            f"Start of structure or map found where not expected{at}: {wanted} was expected."
        )
    if isinstance(value, list):
        return SerializationError(f"Start of list found where not expected{at}: {wanted} was expected.")
    article = "an" if wanted[0] in "AEIO" else "a"
    return SerializationError(f"{_token(value)} can not be converted to {article} {wanted}{at}")


def timestamp_format(shape: Shape, default: str) -> str:
    """The form that a timestamp of this shape takes, ``default`` where the model does not say."""
    chosen: str = shape.serialization.get("timestampFormat", default)
    return chosen


def parse_timestamp(value: object, path: str) -> datetime:
    """An aware datetime from epoch seconds, ISO 8601 or RFC 822: AWS reads any of them."""
    try:
        if isinstance(value, bool):
            raise refuse(value, "Timestamp", path)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, tz=UTC)
        if isinstance(value, str):
            return _parse_text(value.strip())
    except (ValueError, OverflowError, OSError) as error:
        raise refuse(value, "Timestamp", path) from error
    raise refuse(value, "Timestamp", path)


def format_timestamp(moment: datetime, form: str) -> str | float:
    """The moment in one of AWS's forms. Naive datetimes are taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if form == _EPOCH:
        return round(aware.timestamp(), 3)
    if form == _RFC822:
        return format_datetime(aware, usegmt=True)
    precision = "milliseconds" if aware.microsecond else "seconds"
    return aware.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def parse_blob(value: object, path: str) -> bytes:
    """Bytes from base64."""
    if not isinstance(value, str):
        raise refuse(value, "Blob", path)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refuse(value, "Blob", path) from error


def format_blob(value: bytes | str) -> str:
    """Base64 text."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def parse_text_scalar(shape: Shape, text: str, path: str) -> object:
    """A scalar from text: a header, a label, a query value, a form value or an XML element."""
    match shape.type_name:
        case "integer" | "long":
            if not _INTEGER.fullmatch(text):
                raise refuse(text, "Integer", path)
            return int(text)
        case "float" | "double":
            if not _NUMBER.fullmatch(text) and text not in _SPECIAL_FLOATS:
                raise refuse(text, "Float", path)
            return float(text)
        case "boolean":
            if text.lower() not in {"true", "false"}:
                raise refuse(text, "Boolean", path)
            return text.lower() == "true"
        case "timestamp":
            return parse_timestamp(text, path)
        case "blob":
            return parse_blob(text, path)
        case _:
            return text


def format_text_scalar(shape: Shape, value: object, timestamps: str) -> str:
    """A scalar as text; ``timestamps`` is the protocol's form for this place."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(format_timestamp(value, timestamp_format(shape, timestamps)))
    if isinstance(value, bytes):
        return format_blob(value)
    return str(value)


def _parse_text(text: str) -> datetime:
    if _NUMBER.fullmatch(text):
        return datetime.fromtimestamp(float(text), tz=UTC)
    moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, int | float):
        return "NUMBER_VALUE"
    return "NULL_VALUE" if value is None else "STRING_VALUE"
