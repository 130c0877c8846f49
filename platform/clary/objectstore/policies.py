"""POST policies: who signed one, and whether a form keeps its conditions.

Source: Amazon S3 API Reference, "Creating a POST policy" and "Calculating a signature" (version 2's, too).
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from clary.aws.credentials import Credentials
from clary.aws.identity import Credential, Identity, derive_signing_key
from clary.aws.refusals import Dialect, Refusal, refuse
from clary.kernel import clock
from clary.kernel.errors import ServiceError
from clary.objectstore.errors import access_denied

# Fields that no condition has to mention.
_EXEMPT = frozenset({"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"})


@dataclass(frozen=True, slots=True)
class Policy:
    """A signed policy: the signer, and the bounds it sets on the file's size in bytes (None: no bounds)."""

    identity: Identity
    bounds: tuple[int, int] | None


def check_policy(fields: Mapping[str, str], bucket: str, credentials: Credentials, *, region: str) -> Policy:
    """The policy of a form; AccessDenied and its kin where signature, expiry or a condition fails.

    ``region`` is of the identity where a version 2 signature names none.
    """
    if "policy" not in fields:
        raise access_denied()
    identity = _identify(fields, credentials, region)
    document = _decode(fields["policy"])
    if _expiry(document) <= clock.now():
        raise access_denied("Invalid according to Policy: Policy expired.")
    conditions = [_normalise(condition) for condition in document.get("conditions", [])]
    values = {**fields, "bucket": bucket}
    for condition in conditions:
        _check_condition(condition, values)
    named = {name.removeprefix("$").lower() for _, name, _ in conditions if isinstance(name, str)}
    extra = sorted(
        name for name in fields if name not in named | _EXEMPT and not name.startswith("x-ignore-")
    )
    if extra:
        raise access_denied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
    bounds = [(int(low), int(high)) for kind, low, high in conditions if kind == "content-length-range"]
    return Policy(identity, bounds[-1] if bounds else None)


def _identify(fields: Mapping[str, str], credentials: Credentials, region: str) -> Identity:
    if "x-amz-credential" in fields:
        return _identify_v4(fields, credentials)
    credential = _admit(fields.get("awsaccesskeyid", ""), fields, credentials)
    expected = hmac.digest(credential.secret_access_key.encode(), fields["policy"].encode(), sha1)
    if not hmac.compare_digest(base64.b64encode(expected).decode(), fields.get("signature", "")):
        raise refuse(Refusal.BAD_SIGNATURE, Dialect.S3)
    return _to_identity(credential, region)


def _identify_v4(fields: Mapping[str, str], credentials: Credentials) -> Identity:
    scope = fields["x-amz-credential"].split("/")
    if len(scope) != 5 or fields.get("x-amz-algorithm") != "AWS4-HMAC-SHA256":
        raise refuse(Refusal.INCOMPLETE, Dialect.S3)
    access_key_id, date, region, service, _ = scope
    credential = _admit(access_key_id, fields, credentials)
    key = derive_signing_key(credential.secret_access_key, date, region, service)
    expected = hmac.digest(key, fields["policy"].encode(), sha256).hex()
    if service != "s3" or not hmac.compare_digest(expected, fields.get("x-amz-signature", "")):
        raise refuse(Refusal.BAD_SIGNATURE, Dialect.S3)
    return _to_identity(credential, region)


def _admit(access_key_id: str, fields: Mapping[str, str], credentials: Credentials) -> Credential:
    credential = credentials.find(access_key_id)
    if credential is None:
        raise refuse(Refusal.UNKNOWN_KEY, Dialect.S3)
    if credential.session_token != fields.get("x-amz-security-token"):
        raise refuse(Refusal.BAD_TOKEN, Dialect.S3)
    if credential.expires_at is not None and credential.expires_at <= clock.now():
        raise refuse(Refusal.EXPIRED_TOKEN, Dialect.S3)
    return credential


def _to_identity(credential: Credential, region: str) -> Identity:
    return Identity(
        account=credential.account,
        region=region,
        service="s3",
        principal=credential.principal,
        access_key_id=credential.access_key_id,
    )


def _decode(policy: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(policy, validate=True))
    except (binascii.Error, ValueError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("conditions", []), list):
        raise _invalid("it is no JSON object in base64")
    return document


def _expiry(document: dict[str, Any]) -> int:
    try:
        return clock.from_datetime(datetime.fromisoformat(document["expiration"]))
    except (KeyError, TypeError, ValueError):
        raise _invalid("expiration must be an ISO 8601 date") from None


def _normalise(condition: Any) -> tuple[str, Any, Any]:
    """A condition as (kind, name or low, value or high)."""
    if isinstance(condition, dict) and len(condition) == 1:
        name, value = next(iter(condition.items()))
        return "eq", f"${name}", value
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        kind = condition[0].lower()
        if kind in {"eq", "starts-with"} and isinstance(condition[1], str):
            return kind, condition[1], condition[2]
        if kind == "content-length-range" and all(str(bound).isdecimal() for bound in condition[1:]):
            return kind, condition[1], condition[2]
    raise _invalid(f"unknown condition {json.dumps(condition)}")


def _check_condition(condition: tuple[str, Any, Any], values: Mapping[str, str]) -> None:
    kind, name, expected = condition
    if kind == "content-length-range":
        return
    value = values.get(name.removeprefix("$").lower(), "")
    holds = value == str(expected) if kind == "eq" else value.startswith(str(expected))
    if not holds:
        raise access_denied(
            f"Invalid according to Policy: Policy Condition failed: {json.dumps([kind, name, expected])}"
        )


def _invalid(why: str) -> ServiceError:
    return ServiceError(f"Invalid Policy: {why}.", code="InvalidPolicyDocument")
