"""The database: engine, sessions and the tables that every kind of resource shares."""

from clary.store.database import Database
from clary.store.tables import Base

__all__ = ["Base", "Database"]
