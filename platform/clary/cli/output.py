"""How commands speak: results on standard output, everything else on standard error."""

import json
from typing import Any, NoReturn

import typer


def print_json(document: Any) -> None:
    """Print a document for a script."""
    typer.echo(json.dumps(document, indent=2))


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what went wrong and end the command."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(code)
