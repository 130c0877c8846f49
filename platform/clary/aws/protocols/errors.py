"""What the model knows of an error: its members and its HTTP status."""

from typing import Any

from botocore.model import StructureShape

from clary.aws.models import load_service
from clary.aws.protocols.messages import ErrorContext
from clary.kernel.errors import ServiceError


def error_members(error: ServiceError, context: ErrorContext) -> dict[str, Any]:
    """The error's body: message and extra members, by the names of the modelled shape where there is one."""
    shape = find_error_shape(error.code, context)
    message_name = next(
        (name for name in (shape.members if shape else ()) if name.lower() == "message"), "message"
    )
    return {message_name: error.message, **error.members}


def error_status(error: ServiceError, context: ErrorContext) -> int:
    """The HTTP status: the error's own, else (where it left the default) that of the model."""
    shape = find_error_shape(error.code, context)
    modelled = shape.metadata.get("error", {}).get("httpStatusCode") if shape else None
    return modelled if modelled and error.status == ServiceError.status else error.status


def find_error_shape(code: str, context: ErrorContext) -> StructureShape | None:
    """The service's shape for an error code, or None."""
    if not context.service:
        return None
    for shape in load_service(context.service).error_shapes:
        if isinstance(shape, StructureShape) and code in {shape.error_code, shape.name}:
            return shape
    return None
