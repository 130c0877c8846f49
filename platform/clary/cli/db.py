"""``clary db``: the database's schema."""

import typer

from clary.cli.choices import load_settings
from clary.cli.options import DataDir
from clary.cli.output import fail

db = typer.Typer(help="Look after the database.", no_args_is_help=True)


@db.callback()
def _group() -> None:
    """Look after the database."""


@db.command()
def upgrade(*, data_dir: DataDir = None) -> None:
    """Bring the schema to this version's revision ('clary up' does it too)."""
    from sqlalchemy.exc import SQLAlchemyError

    from clary import schema
    from clary.store import migrate
    from clary.supervisor.files import make_private_folder

    settings = load_settings(data_dir=data_dir)
    make_private_folder(settings.folder)
    try:
        migrate.upgrade(settings.sqlalchemy_url)
    except SQLAlchemyError as error:
        fail(f"The database does not take the upgrade: {error}")
    typer.echo(f"The schema is at revision {schema.head()}.")
