"""``clary images``: Clary's own container images."""

from typing import TYPE_CHECKING, Annotated

import typer

from clary.cli.choices import load_settings
from clary.cli.options import AsJson, DataDir
from clary.cli.output import fail, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from clary.runtimes.catalog import CatalogImage
    from clary.runtimes.docker.images import Images

images = typer.Typer(help="Build and list Clary's own container images.", no_args_is_help=True)


@images.command("list")
def list_images(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the images and whether the Docker engine has them."""
    from clary.runtimes.catalog import catalog_images

    engine_images = _open(data_dir)
    rows = [
        {
            "image": image.folder,
            "local_name": engine_images.local_name(_uri(image)),
            "built": engine_images.is_ready(_uri(image)),
        }
        for image in catalog_images()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{'built' if row['built'] else 'missing':<8} {row['image']:<16} {row['local_name']}")


@images.command()
def build(
    names: Annotated[
        list[str] | None, typer.Argument(help="Images to build; all where none is named.")
    ] = None,
    *,
    data_dir: DataDir = None,
) -> None:
    """Build the images ahead of their first use."""
    from clary.kernel.errors import JobError
    from clary.runtimes.catalog import catalog_images

    engine_images = _open(data_dir)
    known = {image.folder: _uri(image) for image in catalog_images()}
    for name in names or known:
        if name not in known:
            fail(f"No image is called {name}; there are: {', '.join(known)}", code=2)
        typer.echo(f"{name}:")
        try:
            engine_images.prepare(known[name], report=lambda line: typer.echo(f"  {line}"))
        except JobError as error:
            fail(f"{name} could not be built: {error}")
        typer.echo(f"  ready as {engine_images.local_name(known[name])}")


def _uri(image: "CatalogImage") -> str:
    # Any account and region will do: the catalog goes by the repository's name.
    return f"000000000000.dkr.ecr.us-east-1.amazonaws.com/{image.repository}:{image.tag}"


def _open(data_dir: "Path | None") -> "Images":
    from clary.runtimes.engine_probe import try_engine

    if (problem := try_engine()) is not None:
        fail(f"{problem}. Images are for the Docker runtime; the process runtime needs none.")
    from clary.runtimes.docker.engine import Engine
    from clary.runtimes.docker.images import Images

    settings = load_settings(data_dir=data_dir)
    return Images(
        Engine.find(),
        lock_file=settings.folder / "run" / "images.lock",
        base_image=settings.base_image,
        build_network=settings.build_network,
    )
