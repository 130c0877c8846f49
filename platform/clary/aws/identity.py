"""Who a request speaks for, and the key pairs that prove it."""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Credential:
    """A key pair and what it speaks for. ``expires_at`` is in microseconds since the epoch."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account: str
    principal: str
    session_token: str | None = field(default=None, repr=False)
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed a request, and for what.

    The last five fields serve a verifier of S3's chunk signatures: ``scope`` is
    ``date/region/service/aws4_request``, ``timestamp`` the signature's ``YYYYMMDDTHHMMSSZ``, ``signature``
    the seed, ``payload_hash`` what the client declared of the body (a SHA-256 in hex, or a marker such as
    ``STREAMING-AWS4-HMAC-SHA256-PAYLOAD``).
    """

    account: str
    region: str
    service: str
    principal: str
    access_key_id: str
    scope: str = ""
    timestamp: str = ""
    signature: str = ""
    payload_hash: str = ""
    signing_key: bytes = field(default=b"", repr=False)


@lru_cache(maxsize=4096)
def derive_signing_key(secret_access_key: str, date: str, region: str, service: str) -> bytes:
    """The key that signs one day's requests (``date`` is YYYYMMDD) to one service in one region."""
    key = f"AWS4{secret_access_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), sha256)
    return key
