"""The command line's table of contents."""

import typer

from clary import __version__
from clary.cli.configure import configure
from clary.cli.db import db
from clary.cli.demo.command import demo
from clary.cli.doctor.command import doctor
from clary.cli.down import down
from clary.cli.env import env
from clary.cli.images import images
from clary.cli.reset import reset
from clary.cli.run import run
from clary.cli.status import status
from clary.cli.token import token
from clary.cli.up import up

app = typer.Typer(
    name="clary",
    help="SageMaker on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(up)
app.command()(down)
app.command()(status)
app.command()(env)
app.command()(configure)
app.command(context_settings={"allow_interspersed_args": False})(run)
app.command()(demo)
app.command()(reset)
app.command()(doctor)
app.add_typer(images, name="images")
app.add_typer(token, name="token")
app.add_typer(db, name="db")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
