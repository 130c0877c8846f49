"""``clary up``: check the options, then become the supervisor, or start one and return."""

import os
from typing import Annotated

import typer

from clary.cli.choices import load_settings
from clary.cli.launch import prepare, settle_key, start_detached
from clary.cli.located import describe, require_running
from clary.cli.options import AsJson, DataDir
from clary.cli.output import fail, print_json


def up(
    *,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port (8820); 0 takes a free one.")] = None,
    runtime: Annotated[str | None, typer.Option(help="Where jobs run: auto, process, docker.")] = None,
    workers: Annotated[int | None, typer.Option(help="Gateway processes (1).")] = None,
    controller: Annotated[
        bool, typer.Option("--controller/--no-controller", help="Move jobs and endpoints, or only answer.")
    ] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the platform and keep it until Ctrl-C or 'clary down'."""
    if as_json and not detach:
        fail("--json goes with --detach.", code=2)
    settings = load_settings(data_dir=data_dir, host=host, port=port, runtime=runtime, workers=workers)
    key = settle_key(settings)
    if not detach:
        command, environment = prepare(settings, key, controller=controller)
        os.execve(command[0], command, environment)  # noqa: S606 - this process becomes the supervisor
    start_detached(settings, key, controller=controller)
    found, key = require_running(settings.folder)
    if as_json:
        print_json(describe(found, key))
        return
    from clary.supervisor.banner import format_banner

    typer.echo(
        format_banner(found.url, account=found.account, region=found.region, key=key, folder=found.folder),
        nl=False,
    )
