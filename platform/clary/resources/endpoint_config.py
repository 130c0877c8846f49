"""Endpoint configurations: which models serve, on what, with which share of the traffic.

(Amazon SageMaker API Reference, CreateEndpointConfig.)
"""

from typing import Any

from clary.aws.operations import Context, Request, Support
from clary.kernel import documents
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.resources.kind import Kind
from clary.resources.model import MODEL
from clary.store.tables import ResourceRow


def _present(row: ResourceRow) -> dict[str, Any]:
    """Describe names what the request left to AWS's defaults."""
    spec = documents.thaw(row.spec)
    return {
        "EnableNetworkIsolation": spec.get("EnableNetworkIsolation", False),
        "ProductionVariants": [{"InitialVariantWeight": 1.0} | each for each in spec["ProductionVariants"]],
    }


ENDPOINT_CONFIG = Kind(
    name="EndpointConfig", path="endpoint-config", label="endpoint configuration", present=_present
)

_LATER = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants", "CrossRegionTrafficConfig")


def check_endpoint_config(context: Context, request: Request) -> None:
    """Refuse variants that name no model, share a name, or ask for what can't be served yet."""
    for member in _LATER:
        if request.get(member):
            raise UnsupportedOperation(f"CreateEndpointConfig with {member} is not supported yet.")
    if (request.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise UnsupportedOperation("CreateEndpointConfig with DataCaptureConfig is not supported yet.")
    names = [variant["VariantName"] for variant in request["ProductionVariants"]]
    if len(set(names)) != len(names):
        raise ValidationError("Production variant names must be unique within an endpoint configuration.")
    with context.platform.database.read() as session:
        for variant in request["ProductionVariants"]:
            _check_variant(variant)
            MODEL.find(session, context, variant["ModelName"])


def _check_variant(variant: Request) -> None:
    name = variant["VariantName"]
    for member in ("ServerlessConfig", "InstancePools"):
        if variant.get(member):
            raise UnsupportedOperation(f"Production variant {name}: {member} is not supported yet.")
    if (variant.get("ManagedInstanceScaling") or {}).get("Status") == "ENABLED":
        raise UnsupportedOperation(f"Production variant {name}: ManagedInstanceScaling is not supported yet.")
    if not variant.get("ModelName"):
        raise UnsupportedOperation(
            f"Production variant {name} has no ModelName; inference components come later."
        )
    for member in ("InstanceType", "InitialInstanceCount"):
        if not variant.get(member):
            raise ValidationError(f"Production variant {name} must have {member}.")


ENDPOINT_CONFIG.serve_create(check_endpoint_config, support=Support.REAL)
ENDPOINT_CONFIG.serve_describe()
ENDPOINT_CONFIG.serve_list()
ENDPOINT_CONFIG.serve_delete()
