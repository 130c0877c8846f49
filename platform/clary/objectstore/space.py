"""A disk that is full is told to the client as that, whoever noticed it: the file system or the database."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

from clary.kernel.errors import ServiceError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_POSTGRESQL_DISK_FULL = "53100"


class InsufficientStorage(ServiceError):
    """S3 itself is never full and has no code for it."""

    code = "InsufficientStorage"
    status = 507


def is_full_disk(error: OSError | DBAPIError) -> bool:
    """Whether a full disk caused the error."""
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_FULL
    return getattr(error.orig, "sqlstate", None) == _POSTGRESQL_DISK_FULL
