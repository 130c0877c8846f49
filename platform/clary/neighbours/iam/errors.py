"""IAM's errors: the codes and statuses of its model."""

from clary.kernel.errors import ServiceError


class NoSuchEntity(ServiceError):
    """The role, policy or user isn't there."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(ServiceError):
    """The name is in use."""

    code = "EntityAlreadyExists"
    status = 409


class DeleteConflict(ServiceError):
    """Something else still hangs on what is to be deleted."""

    code = "DeleteConflict"
    status = 409


class MalformedPolicyDocument(ServiceError):
    """A policy that isn't JSON, or isn't a policy."""

    code = "MalformedPolicyDocument"


class InvalidInput(ServiceError):
    """A parameter that IAM refuses."""

    code = "InvalidInput"


class InvalidRequest(ServiceError):
    """A request that breaks a rule of the query protocol's services."""

    code = "ValidationError"


def invalid_marker(marker: str | None) -> InvalidRequest:
    """What a marker that no list gave is answered with."""
    return InvalidRequest(f"Invalid Marker: {marker}")
