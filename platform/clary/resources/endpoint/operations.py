"""The calls: create, describe, list, update, change weights and capacities, delete."""

from typing import Any

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, operation
from clary.kernel import repository
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.resources.endpoint import instances
from clary.resources.endpoint.declaration import ENDPOINT, STATES, production_variants
from clary.resources.endpoint.target import Target, add_if_own, keep_properties, resolve_target
from clary.resources.search.registry import serve_search
from clary.store.tables import ResourceRow


@operation("sagemaker", "CreateEndpoint")
def create_endpoint(context: Context, request: Request) -> dict[str, str]:
    """Record the endpoint with its resolved target and hand it to the reconciler."""
    _check_deployment(request)
    with context.platform.database.write() as session:
        target = resolve_target(session, context, request["EndpointConfigName"], generation=1)
        state = {
            "target": target,
            "last_generation": 1,
            "own_generations": add_if_own([], target),
            "deployment": request.get("DeploymentConfig"),
        }
        row = ENDPOINT.create(session, context, request, state=state, wake=True)
    return {"EndpointArn": row.arn}


ENDPOINT.serve_describe(production_variants)
ENDPOINT.serve_list()
serve_search(
    ENDPOINT,
    {"ProductionVariants": lambda session, row: production_variants(session, row).get("ProductionVariants")},
)


@operation("sagemaker", "UpdateEndpoint")
def update_endpoint(context: Context, request: Request) -> dict[str, str]:
    """Move to another configuration: new instances are healthy before traffic goes to them."""
    _check_deployment(request)
    with context.platform.database.write() as session:
        row = _find_settled(session, context, request["EndpointName"])
        # A number that no deployment had before, failed ones included.
        generation = row.state["last_generation"] + 1
        target = resolve_target(session, context, request["EndpointConfigName"], generation=generation)
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties") or []
            types = [excluded_property["VariantPropertyType"] for excluded_property in excluded]
            target = keep_properties(target, row.state["target"], excluded=types)
        deployment = row.state.get("deployment") if request.get("RetainDeploymentConfig") else None
        _retarget(
            session,
            row,
            target,
            last_generation=generation,
            own_generations=add_if_own(row.state["own_generations"], target),
            deployment=request.get("DeploymentConfig") or deployment,
        )
    return {"EndpointArn": row.arn}


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_weights_and_capacities(context: Context, request: Request) -> dict[str, str]:
    """Change shares of traffic and numbers of instances inside the present configuration."""
    with context.platform.database.write() as session:
        row = _find_settled(session, context, request["EndpointName"])
        variants = {variant["name"]: dict(variant) for variant in row.state["target"]["variants"]}
        for desired in request["DesiredWeightsAndCapacities"]:
            variant = variants.get(desired["VariantName"])
            if variant is None:
                name = desired["VariantName"]
                raise ValidationError(f'Could not find variant "{name}" of endpoint "{row.arn}".')
            variant["weight"] = desired.get("DesiredWeight", variant["weight"])
            variant["count"] = desired.get("DesiredInstanceCount", variant["count"])
        _retarget(session, row, {**row.state["target"], "variants": list(variants.values())})
    return {"EndpointArn": row.arn}


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(context: Context, request: Request) -> None:
    """Take the endpoint out of service; it is gone once its containers are."""
    with context.platform.database.write() as session:
        row = ENDPOINT.find(session, context, request["EndpointName"])
        if row.status != "Deleting":
            repository.transition(session, row.id, STATES, "Deleting", wake=True)
            instances.announce(session)


def _find_settled(session: Session, context: Context, name: str) -> ResourceRow:
    row = ENDPOINT.find(session, context, name)
    if row.status == "Failed":
        raise ValidationError(f'Cannot update failed endpoint "{row.arn}": it can only be deleted.')
    if row.status != "InService":
        raise ValidationError(f'Cannot update in-progress endpoint "{row.arn}".')
    return row


def _retarget(session: Session, row: ResourceRow, target: Target, **state: Any) -> None:
    updated = repository.transition(
        session,
        row.id,
        STATES,
        "Updating",
        state={"target": target, "previous": row.state["target"], **state},
        wake=True,
    )
    updated.failure_reason = None  # it tells of the update before this one


def _check_deployment(request: Request) -> None:
    deployment = request.get("DeploymentConfig") or {}
    if deployment.get("RollingUpdatePolicy"):
        raise UnsupportedOperation("DeploymentConfig with RollingUpdatePolicy is not supported yet.")
    policy = (deployment.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    if policy.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
        raise UnsupportedOperation(f"Traffic routing of type {policy['Type']} is not supported yet.")
    if deployment.get("AutoRollbackConfiguration"):
        raise UnsupportedOperation("DeploymentConfig with AutoRollbackConfiguration is not supported yet.")
