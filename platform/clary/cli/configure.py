"""``clary configure``: a profile in the user's AWS files; everything else in them stays as it is."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clary.cli.located import find_platform
from clary.cli.options import DataDir
from clary.cli.output import fail

if TYPE_CHECKING:
    from configupdater import ConfigUpdater

PRIVATE = 0o600


def configure(
    *,
    data_dir: DataDir = None,
    profile: Annotated[str, typer.Option(help="The profile's name.")] = "clary",
) -> None:
    """Write an AWS profile for the platform:  aws --profile clary sagemaker list-training-jobs."""
    found = find_platform(data_dir)
    if found.key is None:
        fail(f"{found.folder} has no key yet: start the platform once with 'clary up'.", code=3)
    config = _file("AWS_CONFIG_FILE", "~/.aws/config")
    credentials = _file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    section = profile if profile == "default" else f"profile {profile}"
    write_section(config, section, {"region": found.region, "endpoint_url": found.url})
    write_section(
        credentials,
        profile,
        {
            "aws_access_key_id": found.key.access_key_id,
            "aws_secret_access_key": found.key.secret_access_key,
        },
    )
    typer.echo(f"Wrote profile {profile} to {config} and {credentials}.")
    typer.echo(f"Use it by AWS_PROFILE={profile} or --profile {profile}.")


def write_section(path: Path, section: str, values: dict[str, str]) -> None:
    """Set values in one section of an AWS file; comments, order and other sections stay. Mode 0600."""
    from configupdater import ConfigUpdater, ParsingError

    updater = ConfigUpdater(strict=False)
    # A link (a dotfiles repository, say) stays a link.
    path = path.resolve()
    try:
        if path.exists():
            updater.read_string(path.read_text())
    except ParsingError as error:
        fail(f"{path} is not a valid AWS file, so nothing was written: {error}")
    _set(updater, section, values)
    from clary.supervisor.files import write_atomically

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, str(updater), mode=PRIVATE)


def _set(updater: "ConfigUpdater", section: str, values: dict[str, str]) -> None:
    if not updater.has_section(section):
        if updater.sections():
            updater[updater.sections()[-1]].add_after.space(1)
        updater.add_section(section)
    for name, value in values.items():
        updater[section][name] = value


def _file(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()
