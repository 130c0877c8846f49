"""Models: an image and the artifacts that it serves. (Amazon SageMaker API Reference, CreateModel.)"""

from typing import Any

from clary.aws.operations import Context, Request, Support
from clary.kernel import documents
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.resources.execution_role import check_role
from clary.resources.kind import Kind
from clary.store.tables import ResourceRow

_SINGLE = {"Mode": "SingleModel"}


def _present(row: ResourceRow) -> dict[str, Any]:
    """Describe names what the request left to AWS's defaults."""
    spec = documents.thaw(row.spec)
    members: dict[str, Any] = {"EnableNetworkIsolation": spec.get("EnableNetworkIsolation", False)}
    if primary := spec.get("PrimaryContainer"):
        members["PrimaryContainer"] = _SINGLE | primary
    if several := spec.get("Containers"):
        members["Containers"] = [_SINGLE | container for container in several]
    return members


MODEL = Kind(name="Model", path="model", label="model", present=_present)


def check_model(context: Context, request: Request) -> None:
    """Refuse a model without containers, with both forms of them, or with a role that nobody can assume."""
    primary, several = request.get("PrimaryContainer"), request.get("Containers")
    if not primary and not several:
        raise ValidationError(
            "You must provide either a PrimaryContainer or a list of Containers for the model."
        )
    if primary and several:
        raise ValidationError(
            "Both PrimaryContainer and Containers were provided; a model takes only one of them."
        )
    for container in several or [primary]:
        if not container.get("Image") and not container.get("ModelPackageName"):
            raise ValidationError("A container definition must have either Image or ModelPackageName.")
        url = container.get("ModelDataUrl")
        if url and not url.startswith("s3://"):
            raise UnsupportedOperation(f"ModelDataUrl {url} is not supported: it must start with s3://.")
    if role := request.get("ExecutionRoleArn"):
        check_role(context, role)


MODEL.serve_create(check_model, support=Support.REAL)
MODEL.serve_describe()
MODEL.serve_list()
MODEL.serve_delete()
