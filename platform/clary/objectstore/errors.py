"""S3's refusals that more than one module raises: code, HTTP status and wording as S3 has them."""

from clary.kernel.errors import ServiceError


def access_denied(message: str = "Access Denied") -> ServiceError:
    """403: the caller may not do this."""
    return ServiceError(message, code="AccessDenied", status=403)


def no_such_bucket(name: str) -> ServiceError:
    """404: there is no bucket of that name."""
    return ServiceError(
        "The specified bucket does not exist", code="NoSuchBucket", status=404, BucketName=name
    )


def no_such_key(key: bytes) -> ServiceError:
    """404: there is no object of that key."""
    return ServiceError(
        "The specified key does not exist.", code="NoSuchKey", status=404, Key=key.decode(errors="replace")
    )


def no_such_upload(upload_id: str) -> ServiceError:
    """404: there is no multipart upload of that id for this key."""
    return ServiceError(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed.",
        code="NoSuchUpload",
        status=404,
        UploadId=upload_id,
    )


def invalid_argument(message: str, *, name: str, value: str | None = None) -> ServiceError:
    """400: a parameter breaks a rule."""
    error = ServiceError(message, code="InvalidArgument", ArgumentName=name)
    if value is not None:
        error.members["ArgumentValue"] = value
    return error


def invalid_request(message: str) -> ServiceError:
    """400: the parameters do not go together."""
    return ServiceError(message, code="InvalidRequest")


def malformed_xml() -> ServiceError:
    """400: the body is not the document that the operation takes."""
    return ServiceError(
        "The XML you provided was not well-formed or did not validate against our published schema",
        code="MalformedXML",
    )


def bad_digest(name: str) -> ServiceError:
    """400: the body is not what its checksum says."""
    return ServiceError(f"The {name} you specified did not match the calculated checksum.", code="BadDigest")


def not_implemented(what: str) -> ServiceError:
    """501: S3 has it, this store does not."""
    return ServiceError(
        f"A header or query you provided implies functionality that is not implemented: {what}.",
        code="NotImplemented",
        status=501,
    )


def precondition_failed(condition: str) -> ServiceError:
    """412: a condition of the request does not hold."""
    return ServiceError(
        "At least one of the pre-conditions you specified did not hold",
        code="PreconditionFailed",
        status=412,
        Condition=condition,
    )
