"""Opaque continuation tokens: a position in a listing, in a form that nobody is tempted to write by hand."""

import base64
import binascii

from clary.objectstore.errors import invalid_argument

_MARK = b"1"


def encode_token(position: bytes) -> str:
    """A token for what follows ``position``."""
    return base64.urlsafe_b64encode(_MARK + position).decode()


def decode_token(token: str | None, name: str) -> bytes:
    """The position of a token, empty where there is none; InvalidArgument where it is not one of ours."""
    if token is None:
        return b""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        raw.decode()
    except (binascii.Error, UnicodeDecodeError):
        raw = b""
    if not raw.startswith(_MARK):
        raise invalid_argument("The continuation token provided is incorrect", name=name)
    return raw[len(_MARK) :]
