"""Which kinds Search finds, and a resource as it sees one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.model import StructureShape
from sqlalchemy.orm import Session

from clary.aws.models import load_service
from clary.kernel import tags
from clary.resources.kind import SERVICE, Kind, Members, cut
from clary.store.tables import ResourceRow

Finders = Mapping[str, Callable[[Session, ResourceRow], Any]]
"""Members of a description that need the database, each with what finds it."""


@dataclass(frozen=True, slots=True)
class Searchable:
    """A kind, the members that its row alone doesn't tell, and the members of a result that lead to it."""

    kind: Kind
    finders: Finders
    path: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """What the name of a property may begin with, where a description lies deeper in a result."""
        return "".join(f"{name}." for name in self.path[1:])

    @property
    def shape(self) -> StructureShape:
        """The shape that a result describes the resource by."""
        shape = load_service(SERVICE).shape_for("SearchRecord")
        for name in self.path:
            assert isinstance(shape, StructureShape)
            shape = shape.members[name]
        assert isinstance(shape, StructureShape)
        return shape


SEARCHABLE: dict[str, Searchable] = {}
"""By the ``Resource`` of a request."""


def serve_search(kind: Kind, finders: Finders | None = None, *, path: tuple[str, ...] = ()) -> None:
    """Let Search find a kind; ``path`` is where its description is in a result, if not under its name."""
    SEARCHABLE[kind.name] = Searchable(kind, {"Tags": _find_tags, **(finders or {})}, path or (kind.name,))


class Record:
    """A resource as filters see it: a member that needs the database is found when a filter asks for it."""

    def __init__(self, session: Session, searchable: Searchable, row: ResourceRow) -> None:
        self._session = session
        self._searchable = searchable
        self.row = row

    def get(self, member: str) -> Any:
        """A member of the description, or None."""
        if find := self._searchable.finders.get(member):
            return find(self._session, self.row)
        return self._own.get(member)

    def describe(self) -> Members:
        """The whole description, under the members that lead to it."""
        found = {member: self.get(member) for member in self._searchable.finders}
        described = cut(self._own | found, self._searchable.shape)
        for name in reversed(self._searchable.path):
            described = {name: described}
        return described

    @cached_property
    def _own(self) -> Members:
        return self._searchable.kind.describe(self.row, self._searchable.shape)


def _find_tags(session: Session, row: ResourceRow) -> list[dict[str, str]] | None:
    pairs = tags.get_tags(session, row.arn)
    return [{"Key": key, "Value": value} for key, value in pairs.items()] or None
