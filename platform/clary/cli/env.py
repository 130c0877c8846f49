"""``clary env``: shell exports that point AWS clients at the platform."""

import shlex

import typer

from clary.cli.located import client_environment, find_platform
from clary.cli.options import AsJson, DataDir
from clary.cli.output import fail, print_json


def env(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print exports for the shell:  eval "$(clary env)"."""
    found = find_platform(data_dir)
    if found.key is None:
        fail(f"{found.folder} has no key yet: start the platform once with 'clary up'.", code=3)
    if found.record is None:
        typer.echo(f"No platform runs on {found.folder} now: start it with 'clary up'.", err=True)
    variables = client_environment(found, found.key)
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    # A shell reads past it, and people see it.
    typer.echo("# The SageMaker SDK and Java's SDK 1 need more than variables: clary run COMMAND")
