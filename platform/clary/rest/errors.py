"""Errors of the REST API: AWS's codes and sentences, with the HTTP status that fits each."""

import re

from clary.aws.protocols.json_body import dump
from clary.kernel.errors import ServiceError

JSON = "application/json"
_SERVICE_STATUS = ServiceError.status
_STATUSES = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ResourceNotFound": 404,
    "ResourceNotFoundException": 404,
    "ConflictException": 409,
    "ResourceInUse": 409,
    "ThrottlingException": 429,
    "UnsupportedOperation": 501,
}
# SageMaker says these as ValidationException: only the sentence tells them from a bad request.
_SENTENCES = (
    (404, re.compile(r"could not find |requested resource not found|\bnot found\.$", re.IGNORECASE)),
    (409, re.compile(r"\balready exist(s|ing)\b", re.IGNORECASE)),
)


class Unauthorized(ServiceError):
    """The request has no token, or one that is not (or no longer) good."""

    code = "UnauthorizedException"
    status = 401


class NoSuchPage(ServiceError):
    """Nothing is at the path."""

    code = "UnknownOperationException"
    status = 404


class MethodNotAllowed(ServiceError):
    """The path is known, but not with this method; ``allowed`` are those that it takes."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


def status_of(error: ServiceError) -> int:
    """The HTTP status of an error: by its code, by AWS's sentence, or the error's own."""
    if error.code in _STATUSES:
        return _STATUSES[error.code]
    if error.status == _SERVICE_STATUS:
        for status, sentence in _SENTENCES:
            if sentence.search(error.message):
                return status
    return error.status


def render_error(error: ServiceError) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of an error's answer."""
    headers = [("content-type", JSON)]
    if isinstance(error, Unauthorized):
        headers.append(("www-authenticate", 'Bearer realm="clary"'))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", ", ".join(error.allowed)))
    body = {"error": {"code": error.code, "message": error.message, **error.members}}
    return status_of(error), headers, dump(body) + b"\n"
