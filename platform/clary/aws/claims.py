"""What a request says of its own signature, before anything of it is believed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from clary.aws.canonical import SignedRequest, decode_query
from clary.aws.refusals import Dialect, Refusal, refuse

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_PRESIGNED_SECONDS = 604_800

_SCOPE = re.compile(r"Credential=[^,]*/\d{8}/[^/,]*/([^/,]+)/aws4_request", re.ASCII)
_HEADER = re.compile(r"AWS4-HMAC-SHA256 *(.*)", re.DOTALL)
_TIMESTAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_TERMINATOR = "aws4_request"


@dataclass(frozen=True, slots=True)
class Claim:
    """A Signature Version 4 claim: key, scope, time and signature.

    ``payload_hash`` is None where the signature covers the hash of the body and no header tells that hash.
    ``expires`` (seconds) is set for a presigned URL.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    payload_hash: str | None
    expires: int | None = None

    @property
    def scope(self) -> str:
        """``date/region/service/aws4_request``."""
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"

    @property
    def signed_at(self) -> datetime:
        """When the client says it signed."""
        return datetime.fromisoformat(self.timestamp)


def scope_service(request: SignedRequest) -> str | None:
    """The service that the signature's scope names, nothing verified; None where there is no signature."""
    if header := request.headers.get("authorization"):
        found = _SCOPE.search(header)
        return found[1] if found else None
    if b"X-Amz-Credential" in request.query_string:
        found = _SCOPE.search("Credential=" + decode_query(request.query_string).get("X-Amz-Credential", ""))
        return found[1] if found else None
    return "s3" if b"AWSAccessKeyId=" in request.query_string else None


def read_claim(request: SignedRequest, dialect: Dialect) -> Claim | None:
    """The request's claim, or None where it is not signed by version 4; malformed claims are refused."""
    if header := request.headers.get("authorization"):
        return _read_header(request, header, dialect) if header.startswith(ALGORITHM) else None
    if b"X-Amz-Algorithm" in request.query_string or b"X-Amz-Signature" in request.query_string:
        return _read_query(request, dialect)
    return None


def _read_header(request: SignedRequest, header: str, dialect: Dialect) -> Claim:
    matched = _HEADER.match(header)
    parts = dict(part.strip().partition("=")[::2] for part in (matched[1] if matched else "").split(","))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if missing:
        needs = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise refuse(Refusal.INCOMPLETE, dialect, f"{needs} Authorization={ALGORITHM}")
    timestamp = request.headers.get("x-amz-date") or _from_date_header(request.headers.get("date"))
    if not _TIMESTAMP.fullmatch(timestamp):
        raise refuse(
            Refusal.INCOMPLETE,
            dialect,
            "Authorization header requires existence of either a valid 'X-Amz-Date' or a 'Date' header.",
        )
    return _claim(
        request,
        dialect,
        parts,
        timestamp=timestamp,
        session_token=request.headers.get("x-amz-security-token"),
    )


def _read_query(request: SignedRequest, dialect: Dialect) -> Claim:
    query = decode_query(request.query_string)
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    missing = [name for name in names if not query.get(name)]
    if missing or query["X-Amz-Algorithm"] != ALGORITHM or not _TIMESTAMP.fullmatch(query["X-Amz-Date"]):
        raise refuse(
            Refusal.INCOMPLETE,
            dialect,
            f"Query-string authentication requires valid {', '.join(missing or names)} parameters.",
        )
    expires = query.get("X-Amz-Expires", "900")
    if not expires.isdecimal() or not 1 <= int(expires) <= MAX_PRESIGNED_SECONDS:
        raise refuse(
            Refusal.INCOMPLETE,
            dialect,
            f"X-Amz-Expires must be a number of seconds from 1 to {MAX_PRESIGNED_SECONDS}.",
        )
    parts = {name: query[f"X-Amz-{name}"] for name in ("Credential", "Signature", "SignedHeaders")}
    return _claim(
        request,
        dialect,
        parts,
        timestamp=query["X-Amz-Date"],
        session_token=query.get("X-Amz-Security-Token"),
        expires=int(expires),
    )


def _claim(
    request: SignedRequest,
    dialect: Dialect,
    parts: dict[str, str],
    *,
    timestamp: str,
    session_token: str | None,
    expires: int | None = None,
) -> Claim:
    scope = parts["Credential"].rsplit("/", 4)
    if len(scope) != 5 or scope[4] != _TERMINATOR or scope[1] != timestamp[:8]:
        raise refuse(
            Refusal.INCOMPLETE,
            dialect,
            "Credential must have the form <access key>/YYYYMMDD/<region>/<service>/aws4_request, "
            f"with the date of the request: '{parts['Credential']}'",
        )
    signed_headers = tuple(parts["SignedHeaders"].lower().split(";"))
    if "host" not in signed_headers:
        raise refuse(Refusal.INCOMPLETE, dialect, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    payload_hash = request.headers.get("x-amz-content-sha256")
    if payload_hash is None and expires is not None and scope[3] == "s3":
        payload_hash = UNSIGNED_PAYLOAD
    return Claim(
        access_key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        timestamp=timestamp,
        signed_headers=signed_headers,
        signature=parts["Signature"],
        session_token=session_token,
        payload_hash=payload_hash,
        expires=expires,
    )


def _from_date_header(value: str | None) -> str:
    if value is None or _TIMESTAMP.fullmatch(value):
        return value or ""
    try:
        return parsedate_to_datetime(value).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return ""
