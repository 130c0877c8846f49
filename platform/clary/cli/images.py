"""``clary images``: the container images of the built-in algorithms."""

import typer

images = typer.Typer(help="Build and list container images.", no_args_is_help=True)


@images.callback()
def _group() -> None:
    """Build and list container images."""
