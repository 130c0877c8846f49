"""Bring a database to the newest revision: ``python -m clary.store.migrate`` and ``clary db upgrade``."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from clary import schema
from clary.shipped import find_folder
from clary.store.database import Database


def current_revision(database: Database) -> str | None:
    """The revision the database has; None where it has none yet.

    Raises SQLAlchemy's own error where the database does not answer.
    """
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return found


def is_ready(database: Database) -> bool:
    """Whether the database answers and has the newest revision."""
    try:
        return current_revision(database) == schema.head()
    except SQLAlchemyError:
        return False


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing. Safe to call from several processes at once: they take turns."""
    # Alembic costs a quarter of a second and is needed only where the revision differs.
    from alembic import command
    from alembic.config import Config

    keep_private(url)
    config = Config()
    config.set_main_option("script_location", str(find_folder("migrations")).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, revision)


def keep_private(url: str) -> None:
    """Create an SQLite file that only its owner reads, whatever its folder allows: it holds secret keys."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).touch(mode=0o600)


if __name__ == "__main__":
    from clary import settings

    upgrade(settings.load().sqlalchemy_url)
