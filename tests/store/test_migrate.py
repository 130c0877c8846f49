"""Alembic's revisions make the tables that the code declares, on both databases."""

import importlib
import pkgutil
import sqlite3
import subprocess
import sys
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
from clary.store.tables import TagRow
from support.running import clean_environment, run_clary


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
    with database.write() as session:
        session.add(TagRow(arn="arn", key="key", value="value"))
    migrate.upgrade(database_url)
    assert migrate.is_ready(database)
    with database.read() as session:
        assert session.get(TagRow, ("arn", "key")) is not None


def test_upgrades_at_once_take_turns(database: Database, database_url: str) -> None:
    environment = clean_environment(CLARY_DATABASE_URL=database_url)
    command = [sys.executable, "-m", "clary.store.migrate"]
    upgrades = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    complaints = [upgrade.communicate(timeout=60)[1] for upgrade in upgrades]
    assert [upgrade.returncode for upgrade in upgrades] == [0] * 3, "\n".join(complaints)
    assert migrate.is_ready(database)


def test_the_command_upgrades_and_may_be_repeated(tmp_path: Path, database_url: str) -> None:
    environment = clean_environment(CLARY_DATABASE_URL=database_url, CLARY_DATA_DIR=str(tmp_path / "data"))
    for _ in range(2):
        upgraded = run_clary("db", "upgrade", environment=environment)
        assert upgraded.returncode == 0, upgraded.stderr
        assert f"revision {schema.head()}" in upgraded.stdout


def test_a_database_that_does_not_answer_is_told_from_the_command(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/none"
    environment = clean_environment(CLARY_DATABASE_URL=nowhere, CLARY_DATA_DIR=str(tmp_path))
    refused = run_clary("db", "upgrade", environment=environment)
    assert refused.returncode == 1
    assert "The database does not take the upgrade" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_revisions_make_what_the_code_declares(database: Database, database_url: str) -> None:
    for module in pkgutil.walk_packages(clary.__path__, "clary."):
        if not module.name.endswith("__main__"):
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
