"""A disk that is full is told to the client as that, whoever noticed it: the file system or the database."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from clary.kernel.errors import ServiceError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_POSTGRESQL_DISK_FULL = "53100"


@contextmanager
def tell_full_disk() -> Iterator[None]:
    """Raise a 507 for what a full disk caused; S3 itself is never full and has no code for it."""
    try:
        yield
    except (OSError, DBAPIError) as error:
        if _is_full(error):
            raise ServiceError(
                "The disk that holds the objects has no space left.", code="InsufficientStorage", status=507
            ) from error
        raise


def _is_full(error: OSError | DBAPIError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_FULL
    return getattr(error.orig, "sqlstate", None) == _POSTGRESQL_DISK_FULL
