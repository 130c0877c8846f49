"""Alembic's environment: the tables of every package, on the database that the caller names."""

import importlib
import pkgutil

import clary
import sqlalchemy as sa
from alembic import context
from clary import settings
from clary.store import Base, Database

# Two machines that start on one PostgreSQL database must not migrate it at the same time.
LOCK_KEY = 0x636C617279


def import_tables() -> None:
    """Import every module called ``tables``, so that the metadata is whole."""
    for module in pkgutil.walk_packages(clary.__path__, "clary."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)


def migrate(connection: sa.Connection) -> None:
    """Run the revisions inside one transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    context.run_migrations()


import_tables()
url = context.config.attributes.get("url") or settings.load().sqlalchemy_url
database = Database(url)
with database.engine.connect().execution_options(clary_write=True) as opened, opened.begin():
    migrate(opened)
database.dispose()
