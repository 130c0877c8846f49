"""What one process of the platform holds: its settings and its database."""

from dataclasses import dataclass

from clary.settings import Settings
from clary.store import Database


@dataclass(frozen=True, slots=True)
class Platform:
    """The settings and the database, passed to everything that needs them."""

    settings: Settings
    database: Database

    @classmethod
    def open(cls, settings: Settings) -> "Platform":
        """Open the database that the settings name; the schema must be current."""
        return cls(settings=settings, database=Database(settings.sqlalchemy_url))
