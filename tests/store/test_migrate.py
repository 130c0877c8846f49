"""Alembic's revisions make the tables that the code declares, on both databases."""

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import clary
from clary import schema
from clary.shipped import find_folder
from clary.store import Base, Database, migrate


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def test_an_upgrade_makes_an_empty_database_ready(database: Database, database_url: str) -> None:
    assert not migrate.is_ready(database)
    migrate.upgrade(database_url)
    assert migrate.is_ready(database)
    assert migrate.current_revision(database) == schema.head()


def test_a_second_upgrade_changes_nothing(database: Database, database_url: str) -> None:
    migrate.upgrade(database_url)
    migrate.upgrade(database_url)
    assert migrate.is_ready(database)


def test_the_revisions_make_what_the_code_declares(database: Database, database_url: str) -> None:
    for module in pkgutil.walk_packages(clary.__path__, "clary."):
        if module.name.startswith(("clary.store.", "clary.objectstore.tables")):
            importlib.import_module(module.name)
    migrate.upgrade(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
        assert compare_metadata(context, Base.metadata) == []


def test_the_head_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(find_folder("migrations")))
    assert schema.head() == ScriptDirectory.from_config(config).get_current_head()


def test_the_cheap_check_tells_current_from_old(tmp_path: Path) -> None:
    path = tmp_path / "clary.db"
    url = f"sqlite:///{path}"
    assert schema.is_current(url) is False
    migrate.upgrade(url)
    assert schema.is_current(url) is True
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert schema.is_current(url) is False


def test_an_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'clary.db'}")
    assert (tmp_path / "clary.db").stat().st_mode & 0o777 == 0o600


def _is_ours(item: Any, _name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    return kind != "table" or item.name != "alembic_version"
