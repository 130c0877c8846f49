"""The target of an endpoint: its configuration with every model resolved, as the step works towards it.

A target is a JSON document: ``{"generation": int, "config": str, "variants": [variant, …]}``, a variant
``{"name", "weight", "count", "instance_type", "model", "container", "role", "isolated", "startup_seconds"}``.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from clary.aws.operations import Context
from clary.kernel import documents
from clary.kernel.errors import UnsupportedOperation
from clary.resources.builtin_images import is_builtin
from clary.resources.endpoint_config import ENDPOINT_CONFIG
from clary.resources.model import MODEL

STARTUP_SECONDS = 480
OWN_KEPT = 20
Target = dict[str, Any]
_PROPERTIES = {"DesiredWeight": "weight", "DesiredInstanceCount": "count"}


def resolve_target(session: Session, context: Context, config_name: str, *, generation: int) -> Target:
    """Read configuration and models; raises AWS's error for what is missing."""
    config = documents.thaw(ENDPOINT_CONFIG.find(session, context, config_name).spec)
    variants = [_resolve_variant(session, context, variant) for variant in config["ProductionVariants"]]
    return {"generation": generation, "config": config_name, "variants": variants}


def keep_properties(target: Target, current: Target, *, excluded: Collection[str] = ()) -> Target:
    """The target with weights and instance counts of the variants that the endpoint has already.

    ``excluded`` are the VariantPropertyTypes that come from the new configuration all the same.
    """
    kept = [key for property_type, key in _PROPERTIES.items() if property_type not in excluded]
    have = {variant["name"]: {key: variant[key] for key in kept} for variant in current["variants"]}
    variants = [variant | have.get(variant["name"], {}) for variant in target["variants"]]
    return {**target, "variants": variants}


def add_if_own(generations: list[int], target: Target) -> list[int]:
    """The generations that run Clary's own images alone, with the target's if it does; only late ones."""
    is_own = all(is_builtin(variant["container"]["Image"]) for variant in target["variants"])
    return [*generations, target["generation"]][-OWN_KEPT:] if is_own else generations


def _resolve_variant(session: Session, context: Context, variant: dict[str, Any]) -> dict[str, Any]:
    model = documents.thaw(MODEL.find(session, context, variant["ModelName"]).spec)
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    if len(containers) > 1:
        raise UnsupportedOperation(f"Model {variant['ModelName']}: several containers are not supported yet.")
    container = containers[0]
    if container.get("Mode") == "MultiModel":
        raise UnsupportedOperation(f"Model {variant['ModelName']}: multi-model hosting is not supported yet.")
    if not container.get("Image"):
        raise UnsupportedOperation(f"Model {variant['ModelName']}: model packages are not supported yet.")
    return {
        "name": variant["VariantName"],
        "weight": variant.get("InitialVariantWeight", 1.0),
        "count": variant["InitialInstanceCount"],
        "instance_type": variant["InstanceType"],
        "model": variant["ModelName"],
        "container": container,
        "role": model.get("ExecutionRoleArn"),
        "isolated": model.get("EnableNetworkIsolation", False),
        "startup_seconds": variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
    }
