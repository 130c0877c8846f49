"""The errors of authentication, with the code and status that each family of services gives them."""

from enum import StrEnum

from clary.kernel.errors import ServiceError


class Dialect(StrEnum):
    """How a service speaks: it decides codes of common errors and the form of every error."""

    JSON = "json"
    REST_JSON = "rest-json"
    QUERY = "query"
    S3 = "s3"


class Refusal(StrEnum):
    """Why a request is not admitted."""

    UNSIGNED = "unsigned"
    INCOMPLETE = "incomplete"
    UNKNOWN_KEY = "unknown key"
    BAD_TOKEN = "bad token"  # noqa: S105 - a reason, not a password
    EXPIRED_TOKEN = "expired token"  # noqa: S105
    BAD_SIGNATURE = "bad signature"
    SKEWED = "skewed"
    EXPIRED_URL = "expired url"
    UNSIGNED_HEADERS = "unsigned headers"


_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105
_EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)

_Form = tuple[str, int, str]

_S3: dict[Refusal, _Form] = {
    Refusal.UNSIGNED: ("AccessDenied", 403, "Access Denied"),
    Refusal.INCOMPLETE: ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed"),
    Refusal.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Refusal.BAD_TOKEN: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    Refusal.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Refusal.BAD_SIGNATURE: (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
    Refusal.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Refusal.EXPIRED_URL: ("AccessDenied", 403, "Request has expired"),
    Refusal.UNSIGNED_HEADERS: (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    ),
}

_QUERY: dict[Refusal, _Form] = {
    Refusal.UNSIGNED: ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    Refusal.INCOMPLETE: (
        "IncompleteSignature",
        400,
        "The request signature does not conform to AWS standards.",
    ),
    Refusal.UNKNOWN_KEY: ("InvalidClientTokenId", 403, _INVALID_TOKEN),
    Refusal.BAD_TOKEN: ("InvalidClientTokenId", 403, _INVALID_TOKEN),
    Refusal.EXPIRED_TOKEN: ("ExpiredToken", 403, _EXPIRED_TOKEN),
    Refusal.BAD_SIGNATURE: ("SignatureDoesNotMatch", 403, _MISMATCH),
    Refusal.SKEWED: ("SignatureDoesNotMatch", 403, _MISMATCH),
    Refusal.EXPIRED_URL: ("SignatureDoesNotMatch", 403, _MISMATCH),
    Refusal.UNSIGNED_HEADERS: ("SignatureDoesNotMatch", 403, _MISMATCH),
}

_JSON: dict[Refusal, _Form] = {
    Refusal.UNSIGNED: ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    Refusal.INCOMPLETE: (
        "IncompleteSignatureException",
        400,
        "The request signature does not conform to AWS standards.",
    ),
    Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", 400, _INVALID_TOKEN),
    Refusal.BAD_TOKEN: ("UnrecognizedClientException", 400, _INVALID_TOKEN),
    Refusal.EXPIRED_TOKEN: ("ExpiredTokenException", 400, _EXPIRED_TOKEN),
    Refusal.BAD_SIGNATURE: ("InvalidSignatureException", 400, _MISMATCH),
    Refusal.SKEWED: ("InvalidSignatureException", 400, _MISMATCH),
    Refusal.EXPIRED_URL: ("InvalidSignatureException", 400, _MISMATCH),
    Refusal.UNSIGNED_HEADERS: ("InvalidSignatureException", 400, _MISMATCH),
}

_FORMS = {Dialect.S3: _S3, Dialect.QUERY: _QUERY, Dialect.JSON: _JSON, Dialect.REST_JSON: _JSON}


def refuse(refusal: Refusal, dialect: Dialect, message: str | None = None) -> ServiceError:
    """The error to raise; ``message`` replaces the usual sentence."""
    code, status, sentence = _FORMS[dialect][refusal]
    # Services behind REST paths answer 403 where the JSON ones answer 400.
    if dialect is Dialect.REST_JSON and refusal is not Refusal.INCOMPLETE:
        status = 403
    return ServiceError(message or sentence, code=code, status=status)
