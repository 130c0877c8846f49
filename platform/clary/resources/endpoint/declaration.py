"""The kind: its states and what Describe derives from a row and its instances."""

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel import clock
from clary.kernel.states import States
from clary.resources.kind import Kind
from clary.store.tables import InstanceRow, ResourceRow

STATES = States.declare(
    "Creating",
    Creating="InService Failed Deleting",
    InService="Updating Deleting",
    Updating="InService RollingBack Deleting",
    RollingBack="InService Deleting",
    Failed="Deleting",
    Deleting="Gone",
    Gone="",
)

SERVING = ("InService", "Updating", "RollingBack")


def _present(row: ResourceRow) -> dict[str, Any]:
    routed = row.state.get("routing") or row.state["target"]
    return {"EndpointConfigName": routed["config"], "LastDeploymentConfig": row.state.get("deployment")}


ENDPOINT = Kind(name="Endpoint", path="endpoint", label="endpoint", states=STATES, present=_present)


def production_variants(session: Session, row: ResourceRow) -> dict[str, Any]:
    """ProductionVariants, with the counts and weights of the moment."""
    target, routing = row.state["target"], row.state.get("routing")
    if routing is None or row.status not in SERVING:
        return {}
    shown = target if target["generation"] == routing["generation"] else row.state["previous"]
    healthy = _count_healthy(session, row.id, routing["generation"])
    resolved_at = clock.to_datetime(row.created_at)
    return {
        "ProductionVariants": [_summary(each, routing, healthy, resolved_at) for each in shown["variants"]]
    }


def _summary(
    variant: dict[str, Any], routing: dict[str, Any], healthy: Counter[str], resolved_at: datetime
) -> dict[str, Any]:
    name, image = variant["name"], variant["container"]["Image"]
    deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": resolved_at}
    return {
        "VariantName": name,
        "DeployedImages": [deployed],
        "CurrentWeight": routing["variants"].get(name, {"weight": 0.0})["weight"],
        "DesiredWeight": variant["weight"],
        "CurrentInstanceCount": healthy[name],
        "DesiredInstanceCount": variant["count"],
    }


def _count_healthy(session: Session, endpoint_id: int, generation: int) -> Counter[str]:
    return Counter(
        session.scalars(
            sa.select(InstanceRow.variant).where(
                InstanceRow.endpoint_id == endpoint_id,
                InstanceRow.generation == generation,
                InstanceRow.state == "Healthy",
            )
        )
    )
