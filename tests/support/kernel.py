"""Lamps: a kind of resource that no AWS service has, for tests of the kernel."""

from typing import Any

from clary.kernel import repository
from clary.kernel.platform import Platform
from clary.kernel.scope import Scope
from clary.kernel.states import States
from clary.store.tables import ResourceRow

SCOPE = Scope("000000000000", "us-east-1")
LAMP = States.declare(
    "Off", Off="On Broken", On="Off Broken", Warming="On Dimming", Dimming="Off", Broken="", Gone=""
)


def create_lamp(
    platform: Platform, name: str, *, scope: Scope = SCOPE, status: str = "Off", **more: Any
) -> ResourceRow:
    """A lamp, committed."""
    with platform.database.write() as session:
        return repository.create(
            session,
            scope,
            kind="Lamp",
            name=name,
            arn=f"arn:lamp:{scope.region}:{scope.account}:{name}",
            status=status,
            **{"spec": {}} | more,
        )
