"""Where containers of this machine's Docker engine reach the host: the address of the engine's bridge."""

import socket
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
    import psutil
    from docker.errors import NotFound

    from clary.kernel.errors import PlatformFault
    from clary.runtimes.docker.engine import Engine

    engine = Engine.find()
    try:
        # Past a virtual machine the engine carries host.docker.internal to this machine's loopback itself.
        if not engine.is_direct:
            return []
        options = engine.client.networks.get("bridge").attrs["Options"] or {}
    except (PlatformFault, NotFound):
        return []
    interface = options.get("com.docker.network.bridge.name", "docker0")
    addresses = psutil.net_if_addrs().get(interface, [])
    return [found.address for found in addresses if found.family == socket.AF_INET]
