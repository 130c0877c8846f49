"""Gives the platform's user the files that root wrote in a container."""

import logging
import os

from docker.models.containers import Container

from clary.kernel.errors import PlatformFault
from clary.runtimes.docker.engine import Engine, readable_errors

_log = logging.getLogger(__name__)


def needs_reclaim(container: Container, engine: Engine, *, platform_uid: int) -> bool:
    """Whether files that the container wrote may belong to a user that the platform isn't."""
    user = str(container.attrs["Config"].get("User") or "0").partition(":")[0]
    return platform_uid not in {0, int(user) if user.isdigit() else -1} and not engine.is_rootless


def reclaim(container: Container, engine: Engine, *, uid: int, gid: int) -> None:
    """Change the owner of the container's writable mounts, by the same image's ``chown``.

    An image without ``chown`` leaves the files as they are; the log says so.
    """
    mounts = [mount for mount in container.attrs["Mounts"] if mount["RW"] and mount["Type"] == "bind"]
    targets = [mount["Destination"] for mount in mounts]
    if not targets:
        return
    try:
        with readable_errors(f"taking over the files of {container.name}"):
            engine.client.containers.run(
                container.attrs["Image"],
                ["-R", f"{uid}:{gid}", *targets],
                entrypoint=["chown"],
                user="0:0",
                network_mode="none",
                cap_drop=["ALL"],
                cap_add=["CHOWN", "DAC_OVERRIDE"],
                security_opt=["no-new-privileges:true"],
                volumes={mount["Source"]: {"bind": mount["Destination"], "mode": "rw"} for mount in mounts},
                remove=True,
            )
    except PlatformFault as fault:
        _log.warning("%s; files that it wrote as root may be unreadable for user %d", fault, os.geteuid())
