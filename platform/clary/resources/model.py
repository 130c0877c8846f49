"""Models: an image and the artifacts that it serves. (Amazon SageMaker API Reference, CreateModel.)"""

from typing import Any

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Support
from clary.kernel import documents
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.resources.execution_role import require_role
from clary.resources.kind import Kind
from clary.resources.search.registry import serve_search
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


def check_model(_context: Context, request: Request) -> None:
    """Refuse a model without containers or with both forms of them."""
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


def check_model_role(session: Session, context: Context, request: Request) -> None:
    """Refuse a role that nobody can assume."""
    if role := request.get("ExecutionRoleArn"):
        require_role(session, context, role)


MODEL.serve_create(check_model, check_stored=check_model_role, support=Support.REAL)
MODEL.serve_describe()
MODEL.serve_list()
MODEL.serve_delete()
serve_search(MODEL, path=("Model", "Model"))
