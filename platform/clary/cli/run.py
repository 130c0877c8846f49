"""``clary run COMMAND``: a command whose AWS calls go to the platform."""

import os
import shutil
from typing import Annotated

import typer

from clary.cli.located import client_environment, require_running
from clary.cli.options import DataDir
from clary.cli.output import fail

NOT_FOUND = 127
NOT_EXECUTABLE = 126
# They would win over the key and the address that are set, or name a role in the cloud.
REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
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
    """Run a command with the environment that points AWS clients at the platform. Its exit code is ours."""
    found, key = require_running(data_dir)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in REMOVED and not name.startswith(REMOVED_PREFIX)
    }
    program = shutil.which(command[0])
    if program is None:
        fail(f"No such command: {command[0]}", code=NOT_FOUND)
    try:
        os.execve(program, command, environment | client_environment(found, key))  # noqa: S606 - no shell wanted
    except OSError as error:
        fail(f"Cannot run {program}: {error.strerror}", code=NOT_EXECUTABLE)
