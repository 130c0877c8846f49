"""What keeps the platform from working as it should, in a sentence each: its database, its disk, its store.

Anybody may ask for it, so no sentence tells an address, a path or what a server said.
"""

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from clary import schema
from clary.kernel.platform import Platform
from clary.store import migrate

# A database that is only busy is free now and then.
LOCK_SECONDS = 3.0
STORE_SECONDS = 2.0
LITTLE_SPACE = 100_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a part of the platform."""

    subject: str
    message: str


def find_troubles(platform: Platform) -> list[Trouble]:
    """Look at every part; the list is empty where all is well."""
    looks: dict[str, Callable[[Platform], str | None]] = {
        "database": examine_database,
        "disk": examine_disk,
        "store": examine_store,
    }
    return list(_look_at(platform, looks))


def _look_at(platform: Platform, looks: dict[str, Callable[[Platform], str | None]]) -> Iterator[Trouble]:
    for subject, look in looks.items():
        if message := look(platform):
            yield Trouble(subject, message)


def examine_database(platform: Platform) -> str | None:
    """Whether it answers, has the right schema and takes writes."""
    try:
        revision = migrate.current_revision(platform.database)
    except SQLAlchemyError:
        return "The database does not answer: requests fail and jobs wait until it is back."
    if revision != schema.head():
        return f"The database has revision {revision}, this version needs {schema.head()}: clary db upgrade."
    url = sa.make_url(platform.settings.sqlalchemy_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return _try_write(Path(url.database))
    return None


def _try_write(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return "The database is locked by another process: writes wait."
        return f"The database takes no writes: {error}."
    return None


def examine_disk(platform: Platform) -> str | None:
    """Whether the data folder can be written to, and has space left."""
    folder = platform.settings.folder
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "The data folder is on a file system that is read-only: nothing can be stored."
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"The data folder can't be read: {error.strerror}."
    if not os.access(folder, os.W_OK):
        return "The data folder is not writable for the platform's user: nothing can be stored."
    if free < LITTLE_SPACE:
        return f"The disk of the data folder has {free / 1e6:.0f} MB left: writes fail when it is full."
    return None


def examine_store(platform: Platform) -> str | None:
    """Whether the S3 server answers at all, where objects lie on one that is not ours."""
    if platform.settings.s3_endpoint_url is None:
        return None
    url = urlsplit(platform.settings.s3_endpoint_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((url.hostname or "", port), timeout=STORE_SECONDS).close()
    except OSError:
        return "The S3 server that keeps the objects does not answer: jobs wait for it, and fail in the end."
    return None
