"""``clary run COMMAND``: a command whose AWS calls go to the platform."""

import os
import shutil
from typing import Annotated

import typer

from clary.cli.located import client_environment, require_running
from clary.cli.options import DataDir
from clary.cli.output import fail
from clary.proxy.environment import proxy_environment
from clary.proxy.launch import start_proxy
from clary.proxy.trust import keep_trust_stores

NOT_FOUND = 127
NOT_EXECUTABLE = 126
# They would win over the key and the address that are set, or name a role in the cloud.
REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
REMOVED_PREFIX = "AWS_ENDPOINT_URL_"


def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.", show_default=False)],
    *,
    data_dir: DataDir = None,
) -> None:
    """Run a command whose AWS calls go to the platform, whatever client makes them. Its exit code is ours."""
    found, key = require_running(data_dir)
    program = shutil.which(command[0])
    if program is None:
        fail(f"No such command: {command[0]}", code=NOT_FOUND)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in REMOVED and not name.startswith(REMOVED_PREFIX)
    }
    stores = keep_trust_stores(found.folder, environment)
    environment |= client_environment(found, key) | proxy_environment(
        environment,
        port=start_proxy(found.folder, found.url),
        stores=stores,
        gateway=found.url,
    )
    try:
        os.execve(program, command, environment)  # noqa: S606 - no shell wanted
    except OSError as error:
        fail(f"Cannot run {program}: {error.strerror}", code=NOT_EXECUTABLE)
