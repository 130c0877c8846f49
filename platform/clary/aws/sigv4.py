"""Signature Version 4: who signed a request, checked on header signatures and on presigned URLs.

Source: AWS General Reference, "Create a signed AWS API request"; S3's differences from its API reference,
"Authenticating Requests (AWS Signature Version 4)".
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from clary.aws.canonical import SignedRequest, canonical_requests
from clary.aws.claims import ALGORITHM, Claim, read_claim
from clary.aws.identity import Credential, Identity, derive_signing_key
from clary.aws.refusals import Dialect, Refusal, refuse
from clary.kernel import clock

__all__ = [
    "Claim",
    "Credential",
    "Identity",
    "SignedRequest",
    "Verifier",
    "derive_signing_key",
    "read_claim",
]

MAX_SKEW = timedelta(minutes=15)

Lookup = Callable[[str], Credential | None]


class Verifier:
    """Checks signatures against the credentials that ``lookup`` finds by access key id.

    Work goes in two steps, because a signature may cover the body: :meth:`admit` checks what needs no body
    (key, token, clock), :meth:`verify` the signature itself. ``now`` gives microseconds since the epoch.
    """

    def __init__(self, lookup: Lookup, *, now: Callable[[], int] = clock.now) -> None:
        self._lookup = lookup
        self._now = now

    def admit(self, claim: Claim, dialect: Dialect) -> Credential:
        """The credential that the claim names, where it is known, in time and has the right token."""
        credential = self._lookup(claim.access_key_id)
        if credential is None:
            raise refuse(Refusal.UNKNOWN_KEY, dialect)
        check_token(credential, claim.session_token, dialect, now=self._now())
        self._check_time(claim, dialect)
        return credential

    def verify(
        self,
        request: SignedRequest,
        claim: Claim,
        credential: Credential,
        *,
        payload_hash: str,
        dialect: Dialect,
    ) -> Identity:
        """Who signed; raises where the signature is another's. ``payload_hash`` stands for the body."""
        s3 = claim.service == "s3"
        if s3:
            _require_signed_headers(request, claim)
        key = derive_signing_key(credential.secret_access_key, claim.date, claim.region, claim.service)
        prefix = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n"
        texts = canonical_requests(
            request, signed_headers=claim.signed_headers, payload_hash=payload_hash, s3=s3
        )
        given = claim.signature.encode()
        for text in texts:
            to_sign = prefix + sha256(text).hexdigest()
            if hmac.compare_digest(hmac.digest(key, to_sign.encode(), sha256).hex().encode(), given):
                return _identity(claim, credential, payload_hash, key)
        raise refuse(Refusal.BAD_SIGNATURE, dialect)

    def _check_time(self, claim: Claim, dialect: Dialect) -> None:
        try:
            signed_at = claim.signed_at
        except ValueError as error:
            raise refuse(Refusal.INCOMPLETE, dialect, f"Date is not valid: '{claim.timestamp}'") from error
        now = clock.to_datetime(self._now())
        if signed_at > now + MAX_SKEW:
            raise refuse(Refusal.SKEWED, dialect, None if dialect is Dialect.S3 else _early(signed_at, now))
        if claim.expires is None:
            if signed_at < now - MAX_SKEW:
                message = None if dialect is Dialect.S3 else _late(signed_at, now - MAX_SKEW, now)
                raise refuse(Refusal.SKEWED, dialect, message)
        elif signed_at + timedelta(seconds=claim.expires) < now:
            message = (
                None if dialect is Dialect.S3 else _late(signed_at, now - timedelta(seconds=claim.expires))
            )
            raise refuse(Refusal.EXPIRED_URL, dialect, message)


def check_token(credential: Credential, token: str | None, dialect: Dialect, *, now: int) -> None:
    """A temporary credential needs its own token and ends; a lasting one goes without a token."""
    expected = credential.session_token
    if expected is None:
        matches = token is None
    else:
        matches = token is not None and hmac.compare_digest(token.encode(), expected.encode())
    if not matches:
        raise refuse(Refusal.BAD_TOKEN, dialect)
    if credential.expires_at is not None and credential.expires_at <= now:
        raise refuse(Refusal.EXPIRED_TOKEN, dialect)


def _require_signed_headers(request: SignedRequest, claim: Claim) -> None:
    signed = set(claim.signed_headers)
    if claim.expires is not None:
        signed.add("x-amz-content-sha256")
    unsigned = sorted(name for name in request.headers if name.startswith("x-amz-") and name not in signed)
    if unsigned:
        error = refuse(Refusal.UNSIGNED_HEADERS, Dialect.S3)
        error.members["HeadersNotSigned"] = ", ".join(unsigned)
        raise error


def _identity(claim: Claim, credential: Credential, payload_hash: str, key: bytes) -> Identity:
    return Identity(
        account=credential.account,
        region=claim.region,
        service=claim.service,
        principal=credential.principal,
        access_key_id=credential.access_key_id,
        scope=claim.scope,
        timestamp=claim.timestamp,
        signature=claim.signature,
        payload_hash=payload_hash,
        signing_key=key,
    )


def _format(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _late(signed_at: datetime, limit: datetime, now: datetime | None = None) -> str:
    text = f"Signature expired: {_format(signed_at)} is now earlier than {_format(limit)}"
    return f"{text} ({_format(now)} - 15 min.)" if now else text


def _early(signed_at: datetime, now: datetime) -> str:
    limit = f"{_format(now + MAX_SKEW)} ({_format(now)} + 15 min.)"
    return f"Signature not yet current: {_format(signed_at)} is still later than {limit}"
