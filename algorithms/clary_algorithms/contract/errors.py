"""The tree of errors that end a job, and how each reads in its FailureReason.

    JobError
    ├── UserError        "ClientError: …": hyperparameters, channels or data are at fault
    ├── AlgorithmError   "AlgorithmError: …": the algorithm failed
    └── PlatformError    "InternalServerError: …": the container was not set up as the contract says

Any other exception is an algorithm's bug, and reads as an AlgorithmError.
"""


class JobError(Exception):
    """Ends the job; its text becomes the failure reason."""

    prefix = "InternalServerError"


class UserError(JobError):
    """The user can mend it: a hyperparameter, a channel or the data."""

    prefix = "ClientError"


class AlgorithmError(JobError):
    """The algorithm failed."""

    prefix = "AlgorithmError"


class PlatformError(JobError):
    """The container's surroundings break the contract."""


def describe_failure(error: BaseException) -> str:
    """The text for the failure file."""
    if isinstance(error, JobError):
        return f"{error.prefix}: {error}"
    return f"{AlgorithmError.prefix}: {type(error).__name__}: {error}"
