"""Alembic's environment: every table of the platform, on the database that the caller names."""

import importlib

from alembic import context

from clary.store import Base, Database

for module in (
    "clary.store.log_streams",
    "clary.store.roles",
    "clary.store.tables",
    "clary.store.tokens",
    "clary.objectstore.tables",
):
    importlib.import_module(module)

# Any number; it must only be the same for every process that upgrades one database.
UPGRADE_LOCK = 882_088_20


def run() -> None:
    """Apply the revisions in one transaction; callers at the same time take turns."""
    database = Database(context.config.attributes["url"])
    with database.engine.connect().execution_options(clary_write=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=database.is_sqlite,
            compare_type=True,
        )
        with context.begin_transaction():
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
            context.run_migrations()
    database.dispose()


run()
