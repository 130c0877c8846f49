"""The kernel on both databases: every test here runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.kernel.platform import Platform
from clary.settings import Settings
from clary.store import Database, migrate


@pytest.fixture
def platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    """A platform whose schema was made by the migrations."""
    migrate.upgrade(database_url)
    opened = Platform(Settings(data_dir=tmp_path, database_url=database_url), Database(database_url))
    yield opened
    opened.database.dispose()
