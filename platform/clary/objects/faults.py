"""What an S3 server or the network answers, as the reason a job fails or a request is refused with."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError, S3UploadFailedError

from clary.kernel.errors import ClientFault, JobError, PlatformFault, ServiceError, ValidationError
from clary.objects.uri import S3Uri

_NOT_THE_CLIENTS = (
    BotoCoreError,
    OSError,
    RetriesExceededError,
    S3DownloadFailedError,
    S3UploadFailedError,
)
_SENTENCES = {
    "404": ("NoSuchKey", "The specified key does not exist."),
    "NotFound": ("NoSuchKey", "The specified key does not exist."),
    "403": ("AccessDenied", "Access Denied"),
    "Forbidden": ("AccessDenied", "Access Denied"),
}


@contextmanager
def job_faults(action: str, uri: S3Uri) -> Iterator[None]:
    """Raise :class:`ClientFault` for what the request or its data cause, :class:`PlatformFault` for the rest.

    The rest is a server that fails or is away, and a disk that is full or broken.
    ``action`` opens the sentence as SageMaker's own reasons do: ``Data download`` or ``Artifact upload``.
    """
    try:
        yield
    except ClientError as error:
        raise fault_of(error, action, uri) from error
    except _NOT_THE_CLIENTS as error:
        raise PlatformFault(f"{action} failed: {uri}: {error}") from error


@contextmanager
def request_faults(uri: S3Uri) -> Iterator[None]:
    """Refuse a request whose data can't be looked at: a ValidationException, or 503 where S3 is away."""
    try:
        yield
    except ClientError as error:
        fault = fault_of(error, "Access", uri)
        raise (
            ValidationError(str(fault)) if isinstance(fault, ClientFault) else _unavailable(error)
        ) from error
    except BotoCoreError as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> ServiceError:
    return ServiceError(f"The object store does not answer: {error}", code="ServiceUnavailable", status=503)


def fault_of(error: ClientError, action: str, uri: S3Uri) -> JobError:
    """The job error for one error answer; below 500 it is the client's."""
    answer = error.response.get("Error", {})
    code = answer.get("Code", "Unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code, message = _SENTENCES.get(code, (code, answer.get("Message", "")))
    text = f"{action} failed:{code} ({status}): {message} {uri}".replace("  ", " ")
    return ClientFault(text) if 400 <= status < 500 else PlatformFault(text)


def is_missing(error: ClientError) -> bool:
    """Whether the answer says that the object or the bucket is not there."""
    return error.response.get("Error", {}).get("Code") in {"404", "NotFound", "NoSuchKey", "NoSuchBucket"}
