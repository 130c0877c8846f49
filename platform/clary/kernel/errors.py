"""The one tree of errors, and what each becomes for a client.

ClaryError                      anything the platform raises on purpose
├── ServiceError                a refusal with code, sentence and HTTP status; the wire sends it as it is
│   ├── ValidationError         400 ValidationException: the request breaks a rule
│   ├── UnsupportedOperation    400 UnsupportedOperation: real in AWS, not (yet) here
│   └── InternalError           500 InternalFailure: our fault
├── IllegalTransition           a status change that the kind's transition table does not allow
├── LeaseLost                   another worker owns the resource now: drop what was computed
└── JobError                    ends a job as Failed; its text becomes the failure reason
    ├── ClientFault             "ClientError: …": bad configuration or data
    ├── AlgorithmFault          "AlgorithmError: …": the user's code failed
    └── PlatformFault           "InternalServerError: …": our fault
"""

from typing import Any


class ClaryError(Exception):
    """Root of every error that the platform raises on purpose."""


class ServiceError(ClaryError):
    """An AWS-shaped refusal: ``code`` and ``message`` go to the client, extra ``members`` beside them."""

    code = "InternalFailure"
    status = 400

    def __init__(
        self, message: str, *, code: str | None = None, status: int | None = None, **members: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.members = members


class ValidationError(ServiceError):
    """The request breaks a rule that AWS reports as ValidationException."""

    code = "ValidationException"


class UnsupportedOperation(ServiceError):
    """AWS has it, Clary does not: the message names what is missing."""

    code = "UnsupportedOperation"


class InternalError(ServiceError):
    """A fault of the platform; details go to its log, not to the client."""

    code = "InternalFailure"
    status = 500


class IllegalTransition(ClaryError):
    """A status change outside the kind's transition table."""


class LeaseLost(ClaryError):
    """The lease on a resource ended; nothing may be written for it any more."""


class JobError(ClaryError):
    """Ends a job as Failed. ``reason`` is what Describe shows, at most 1,024 characters."""

    prefix = "InternalServerError"

    @property
    def reason(self) -> str:
        return f"{self.prefix}: {self}"[:1024]


class ClientFault(JobError):
    """The request's configuration or data is at fault."""

    prefix = "ClientError"


class AlgorithmFault(JobError):
    """The container failed."""

    prefix = "AlgorithmError"


class PlatformFault(JobError):
    """The platform failed."""
