"""Which revision the database should have, and which one it has.

Standard library only, because the supervisor asks too.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from clary.shipped import find_folder

_SQLITE_PREFIX = "sqlite:///"


def head() -> str:
    """The newest revision. Files are called ``<revision>_<words>.py`` with revisions that sort by age."""
    newest = max(path.name for path in (find_folder("migrations") / "versions").glob("[0-9]*.py"))
    return newest.partition("_")[0]


def is_current(url: str) -> bool | None:
    """Whether an SQLite database has the newest revision; None where another program must be asked."""
    if not url.startswith(_SQLITE_PREFIX):
        return None
    path = Path(url.removeprefix(_SQLITE_PREFIX))
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return False
    return row is not None and row[0] == head()
