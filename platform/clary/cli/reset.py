"""``clary reset``: an account as it was on the first day."""

from typing import TYPE_CHECKING, Annotated

import typer

from clary.cli.located import Found, require_running
from clary.cli.options import AsJson, DataDir
from clary.cli.output import fail, print_json

if TYPE_CHECKING:
    from clary.gateway.accounts import Reset

NOT_SETTLED = 1


def reset(
    *,
    data_dir: DataDir = None,
    account: Annotated[
        str | None, typer.Option(help="The account to wipe; the administrator's where none is given.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Wipe an account: resources, buckets, logs, roles; what runs for it is killed. Its keys stay valid."""
    found, _ = require_running(data_dir)
    account = account or found.account
    if not yes:
        typer.confirm(f"Wipe everything that account {account} has at {found.url}?", abort=True, err=True)
    done = _reset(found, account)
    if as_json:
        print_json(done.model_dump())
    else:
        removed = ", ".join(f"{noun} {count}" for noun, count in done.removed.items() if count)
        typer.echo(f"Wiped account {account}: {removed or 'nothing was there'}.")
    if not done.settled:
        fail("The controller does not answer: it ends what still runs once it is back.", code=NOT_SETTLED)


def _reset(found: Found, account: str) -> "Reset":
    from sqlalchemy.exc import SQLAlchemyError

    from clary.aws.operations import discover
    from clary.gateway.accounts import reset_account
    from clary.kernel.errors import ServiceError
    from clary.kernel.platform import Platform

    discover()
    platform = Platform.open(found.settings)
    try:
        return reset_account(platform, account)
    except ServiceError as error:
        fail(error.message)
    except SQLAlchemyError as error:
        fail(f"The database does not answer: {str(error).splitlines()[0]}")
    finally:
        platform.database.dispose()
