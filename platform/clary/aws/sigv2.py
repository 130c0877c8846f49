"""Presigned S3 URLs of Signature Version 2, which boto3 still makes by default.

Source: Amazon S3 API reference, "Signing and Authenticating REST Requests", query string alternative.
"""

import base64
import hmac
from hashlib import sha1

from clary.aws.canonical import SignedRequest, decode_query
from clary.aws.hosts import host_name, virtual_bucket
from clary.aws.identity import Credential, Identity
from clary.aws.refusals import Dialect, Refusal, refuse
from clary.aws.sigv4 import Lookup, check_token
from clary.kernel import clock

# The parameters that name a sub-resource or change the answer: only these are signed.
_SIGNED_PARAMETERS = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


def is_presigned(request: SignedRequest) -> bool:
    """Whether the URL carries a version 2 signature."""
    query = request.query_string
    return b"AWSAccessKeyId=" in query and b"Signature=" in query and b"X-Amz-" not in query


def access_key_of(request: SignedRequest) -> str:
    """The access key id that the URL names."""
    return decode_query(request.query_string).get("AWSAccessKeyId", "")


def verify_presigned(request: SignedRequest, lookup: Lookup, *, region: str, now: int) -> Identity:
    """Who signed the URL. ``region`` is the platform's own, since version 2 names none."""
    query = decode_query(request.query_string)
    credential = lookup(query["AWSAccessKeyId"])
    if credential is None:
        raise refuse(Refusal.UNKNOWN_KEY, Dialect.S3)
    check_token(credential, query.get("x-amz-security-token"), Dialect.S3, now=now)
    expires = query.get("Expires", "")
    if not expires.isdecimal():
        raise refuse(
            Refusal.UNSIGNED, Dialect.S3, "Query-string authentication requires the Expires parameter"
        )
    if int(expires) * clock.SECOND < now:
        raise refuse(Refusal.EXPIRED_URL, Dialect.S3)
    if not hmac.compare_digest(_sign(request, query, credential), query.get("Signature", "").encode()):
        raise refuse(Refusal.BAD_SIGNATURE, Dialect.S3)
    return Identity(
        account=credential.account,
        region=region,
        service="s3",
        principal=credential.principal,
        access_key_id=credential.access_key_id,
        payload_hash="UNSIGNED-PAYLOAD",
    )


def _sign(request: SignedRequest, query: dict[str, str], credential: Credential) -> bytes:
    values = {**request.headers, **{k: v for k, v in query.items() if k.startswith("x-amz-")}}
    custom = sorted(
        f"{name}:{value.strip()}\n" for name, value in values.items() if name.startswith("x-amz-")
    )
    signed = sorted(
        (name, value) for name, value in _parameters(request.query_string) if name in _SIGNED_PARAMETERS
    )
    bucket = virtual_bucket(host_name(request.headers.get("host", "")))
    resource = (f"/{bucket}" if bucket else "") + request.raw_path.decode("latin-1")
    if signed:
        resource += "?" + "&".join(name if value is None else f"{name}={value}" for name, value in signed)
    text = "\n".join(
        (
            request.method,
            request.headers.get("content-md5", query.get("content-md5", "")),
            request.headers.get("content-type", query.get("content-type", "")),
            query["Expires"],
            "".join(custom) + resource,
        )
    )
    digest = hmac.digest(credential.secret_access_key.encode(), text.encode("latin-1"), sha1)
    return base64.b64encode(digest)


def _parameters(query_string: bytes) -> list[tuple[str, str | None]]:
    decoded = decode_query(query_string)
    bare = {part for part in query_string.decode("latin-1").split("&") if "=" not in part}
    return [(name, None if name in bare else value) for name, value in decoded.items()]
