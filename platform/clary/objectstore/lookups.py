"""The one query of the hot path: a bucket and an object by their names.

On SQLite it goes to the driver, on a connection of its own and outside any transaction: a tenth of the time
that the same query takes through a session. The statement and the types of its columns remain SQLAlchemy's.
"""

from typing import Any

import sqlalchemy as sa

from clary.objectstore.records import FIND_OBJECT, FIND_OBJECT_AND_DATA, Found, split_found
from clary.store import Database


class ObjectLookup:
    """Finds objects for one thread, the event loop's. Not for PostgreSQL, where a query may take its time."""

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._queries = {
            False: _DriverQuery(FIND_OBJECT, database.engine.dialect),
            True: _DriverQuery(FIND_OBJECT_AND_DATA, database.engine.dialect),
        }

    def find(self, bucket: str, key: bytes, *, with_data: bool) -> Found:
        """As ``records.find_object``."""
        rows = self._queries[with_data].fetch(
            self._connection.driver_connection, {"bucket": bucket, "key": key}
        )
        return split_found(rows[0]) if rows else (None, None)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class _DriverQuery:
    def __init__(self, statement: sa.Select[Any], dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._text = compiled.string
        self._parameters = compiled.params
        self._order = compiled.positiontup or []
        kinds = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        processors = (kind.result_processor(dialect, None) for kind in kinds)
        self._processors = [
            (index, process) for index, process in enumerate(processors) if process is not None
        ]

    def fetch(self, connection: Any, parameters: dict[str, Any]) -> list[list[Any]]:
        values = self._parameters | parameters
        cursor = connection.execute(self._text, [values[name] for name in self._order])
        # All rows at once: a cursor left half read keeps its snapshot, and the log from being checkpointed.
        rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            for index, process in self._processors:
                row[index] = process(row[index])
        return rows
