"""Where containers of this machine's Docker engine reach the host: the address of the engine's bridge."""

from typing import TYPE_CHECKING

from clary.cli.output import fail

if TYPE_CHECKING:
    from clary.settings import Settings

EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104


def bridge_addresses(settings: "Settings") -> list[str]:
    """Addresses to listen on beside the host, where jobs run on Docker.

    Ends the command where Docker is asked for by name and no engine answers.
    """
    if settings.runtime == "process":
        return []
    from clary.runtimes.engine_probe import try_engine

    if (problem := try_engine()) is not None:
        if settings.runtime == "docker":
            fail(f"{problem}: start it, or use --runtime process.")
        return []
    return [] if settings.host in EVERY_ADDRESS else _ask_engine()


def _ask_engine() -> list[str]:
    from docker.errors import NotFound

    from clary.kernel.errors import PlatformFault
    from clary.runtimes.docker.engine import Engine

    engine = Engine.find()
    try:
        # Past a virtual machine the engine carries host.docker.internal to this machine's loopback itself.
        if not engine.is_direct:
            return []
        ranges = engine.client.networks.get("bridge").attrs["IPAM"]["Config"] or []
    except (PlatformFault, NotFound):
        return []
    return [gateway for configured in ranges if (gateway := configured.get("Gateway"))]
