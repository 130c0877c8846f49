"""``clary token``: bearer tokens of the REST API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clary.cli.choices import load_settings
from clary.cli.options import AsJson, DataDir
from clary.cli.output import fail, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from clary.store import Database
    from clary.store.tokens import TokenRow

NEVER = "never"
_HEADINGS = ("prefix", "name", "account", "region", "created", "expires", "last used")
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_SECOND = 1_000_000

token = typer.Typer(help="Make and revoke bearer tokens of the REST API.", no_args_is_help=True)


@token.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="What it is for, as lists show it.")] = "",
    expires: Annotated[str, typer.Option(help="Its life: 30m, 12h, 90d, or never.")] = "90d",
    account: Annotated[
        str | None, typer.Option(help="Account that it speaks for; the platform's first one.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region where a request names none; the platform's own.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    from clary.kernel import clock
    from clary.kernel.scope import is_region
    from clary.store.accounts import account_exists
    from clary.store.tokens import create_token

    seconds = _parse_life(expires)
    settings = load_settings(data_dir=data_dir)
    chosen, place = account or settings.account_id, region or settings.region
    if not is_region(place):
        fail(f"{place!r} is not the name of a region.", code=2)
    now = clock.now()
    with _open(data_dir) as database, database.write() as session:
        if not account_exists(session, chosen):
            fail(f"There is no account {chosen}.", code=2)
        secret = create_token(
            session,
            name=name,
            account=chosen,
            region=place,
            created_at=now,
            expires_at=None if seconds is None else now + seconds * _SECOND,
        )
    if as_json:
        print_json({"token": secret, "account": chosen, "region": place})
    else:
        typer.echo(secret)


@token.command("list")
def list_(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the tokens by their beginnings."""
    from clary.store.tokens import list_tokens

    with _open(data_dir) as database, database.read() as session:
        rows = [_describe(row) for row in list_tokens(session)]
    if as_json:
        print_json(rows)
    else:
        _print_table(rows)


@token.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The token's beginning, as the list shows it.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """End a token at once."""
    from clary.store.tokens import delete_token

    with _open(data_dir) as database, database.write() as session:
        if not delete_token(session, prefix):
            fail(f"There is no token {prefix}: 'clary token list' shows those that there are.")
    typer.echo(f"Revoked {prefix}.")


@contextmanager
def _open(data_dir: "Path | None") -> "Iterator[Database]":
    from clary.store import Database, migrate

    database = Database(load_settings(data_dir=data_dir).sqlalchemy_url)
    try:
        if not migrate.is_ready(database):
            fail("The database is not there or not current: start the platform once with 'clary up'.", code=3)
        yield database
    finally:
        database.dispose()


def _parse_life(text: str) -> int | None:
    """Seconds, or None for a token without an end."""
    if text == NEVER:
        return None
    matched = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if matched is None or int(matched[1]) == 0:
        fail(f"--expires takes a number and m, h or d (30m, 12h, 90d), or never; not {text!r}.", code=2)
    return int(matched[1]) * _UNITS[matched[2]]


def _describe(row: "TokenRow") -> dict[str, Any]:
    return {
        "prefix": row.prefix,
        "name": row.name or "-",
        "account": row.account,
        "region": row.region,
        "created": _tell(row.created_at),
        "expires": _tell(row.expires_at),
        "last_used": _tell(row.last_used_at),
    }


def _tell(microseconds: int | None) -> str | None:
    from clary.kernel import clock

    if microseconds is None:
        return None
    moment: datetime = clock.to_datetime(microseconds)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(rows: list[dict[str, Any]]) -> None:
    # Prefixes are there to be copied: no column may be cut, whatever the terminal's width.
    table = [list(_HEADINGS), *([value or NEVER for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        typer.echo(line.rstrip())
