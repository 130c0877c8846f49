"""The ``clary`` command. Modules here import little at the top, so that every command starts quickly."""


def main() -> None:
    """Entry point of the ``clary`` script."""
    from clary.cli.app import app

    app()
