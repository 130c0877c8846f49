"""How a platform is started: its key, the supervisor's command line, its environment."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from clary.cli.bridge import bridge_addresses
from clary.cli.choices import environment_of
from clary.cli.output import fail
from clary.supervisor.files import make_private_folder
from clary.supervisor.keys import AccessKey, keep_key

if TYPE_CHECKING:
    from clary.settings import Settings

READY = "ready"


def settle_key(settings: "Settings") -> AccessKey:
    """The settings' key where they carry one, else the folder's; made on the first start."""
    identifier, secret = settings.access_key_id, settings.secret_access_key
    if (identifier is None) != (secret is None):
        fail("CLARY_ACCESS_KEY_ID and CLARY_SECRET_ACCESS_KEY go together: set both or neither.", code=2)
    return keep_key(settings.folder, AccessKey(identifier, secret) if identifier and secret else None)


def prepare(
    settings: "Settings", key: AccessKey, *, controller: bool = True
) -> tuple[list[str], dict[str, str]]:
    """The supervisor's command and environment."""
    make_private_folder(settings.folder)
    origin = settings.url.rpartition(":")[0]
    command = [sys.executable, "-P", "-m", "clary.supervisor", "--origin", origin]
    for address in bridge_addresses(settings):
        command += ["--also-listen", address]
    if not controller:
        command.append("--no-controller")
    chosen = settings.model_copy(
        update={
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
            "runtime": settle_runtime(settings),
        }
    )
    return command, os.environ | environment_of(chosen)


def settle_runtime(settings: "Settings") -> str:
    """The runtime for as long as the platform runs: an engine that comes or goes later does not change it."""
    if settings.runtime != "auto":
        return settings.runtime
    from clary.runtimes.engine_probe import try_engine

    return "process" if try_engine() else "docker"


def start_detached(settings: "Settings", key: AccessKey, *, controller: bool = True) -> None:
    """Start a supervisor of its own session and wait until it is ready; ends the command where it can't."""
    command, environment = prepare(settings, key, controller=controller)
    answer, report = os.pipe()
    subprocess.Popen(
        [*command, "--report", str(report)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(report,),
        start_new_session=True,
        cwd=settings.folder,
    )
    os.close(report)
    with os.fdopen(answer) as pipe:
        said = pipe.read()
    if said != READY:
        fail(said or f"The platform did not start: see {settings.folder}/logs/platform/supervisor.log")
