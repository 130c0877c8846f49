"""Which kinds Search finds, and a resource as it sees one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.model import StructureShape
from sqlalchemy.orm import Session

from clary.aws.models import load_service
from clary.kernel import tags
from clary.resources.kind import SERVICE, Kind, Members, cut
from clary.store.tables import ResourceRow


@dataclass(frozen=True, slots=True)
class Searchable:
    """A kind, what needs the database to describe it, and the members of a result that lead to it."""

    kind: Kind
    more: Callable[[Session, ResourceRow], Members]
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


def serve_search(
    kind: Kind,
    more: Callable[[Session, ResourceRow], Members] = lambda _session, _row: {},
    *,
    path: tuple[str, ...] = (),
) -> None:
    """Let Search find a kind; ``path`` is where its description is in a result, if not under its name."""
    SEARCHABLE[kind.name] = Searchable(kind, more, path or (kind.name,))


class Record:
    """A resource as filters see it. What needs the database is fetched when a filter first asks for it."""

    def __init__(self, session: Session, searchable: Searchable, row: ResourceRow) -> None:
        self._session = session
        self._searchable = searchable
        self.row = row

    def get(self, member: str) -> Any:
        """A member of the description, or None."""
        if member == "Tags":
            return self._tags
        found = self._own.get(member)
        return self._more.get(member) if found is None else found

    def describe(self) -> Members:
        """The whole description, under the members that lead to it."""
        described = cut(self._own | self._more | {"Tags": self._tags or None}, self._searchable.shape)
        for name in reversed(self._searchable.path):
            described = {name: described}
        return described

    @cached_property
    def _own(self) -> Members:
        return self._searchable.kind.describe(self.row, self._searchable.shape)

    @cached_property
    def _more(self) -> Members:
        return self._searchable.more(self._session, self.row)

    @cached_property
    def _tags(self) -> list[dict[str, str]]:
        pairs = tags.get_tags(self._session, self.row.arn)
        return [{"Key": key, "Value": value} for key, value in pairs.items()]
