"""What a router knows of endpoints at one moment: which serve, by which variants, at what addresses."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from yarl import URL

from clary.kernel import revisions
from clary.resources.endpoint.instances import ROUTES
from clary.store import Database
from clary.store.tables import InstanceRow, ResourceRow

_SERVING = "routing"
# An instance that refused a connection is asked last for this long (seconds).
_AVOID_SECONDS = 1.0

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """What the database says: its revision, endpoints by (id, account, region, name, routing), instances."""

    revision: int
    endpoints: Sequence[tuple[int, str, str, str, Mapping[str, Any]]]
    instances: Sequence[InstanceRow]


class Instance:
    """One healthy instance and how many requests this process has under way there. Lives across snapshots."""

    __slots__ = ("avoided_until", "id", "outstanding", "url")

    def __init__(self, id: str, url: URL) -> None:  # noqa: A002 - the column's name
        self.id = id
        self.url = url
        self.outstanding = 0
        self.avoided_until = 0.0

    def avoid(self, now: float) -> None:
        """Prefer others for a second: it refused a connection."""
        self.avoided_until = now + _AVOID_SECONDS


class Variant:
    """A production variant and its healthy instances."""

    __slots__ = ("_turn", "instances", "name", "weight")

    def __init__(self, name: str, weight: float, instances: Sequence[Instance]) -> None:
        self.name = name
        self.weight = weight
        self.instances = instances
        self._turn = 0

    def choose(self, now: float, tried: Sequence[Instance] = ()) -> Instance | None:
        """The instance with the fewest requests under way; equals take turns. None where all were tried."""
        count = len(self.instances)
        self._turn += 1
        best: Instance | None = None
        least = (True, 0)
        for offset in range(count):
            instance = self.instances[(self._turn + offset) % count]
            load = (instance.avoided_until > now, instance.outstanding)
            if instance not in tried and (best is None or load < least):
                best, least = instance, load
        return best


class Route:
    """An endpoint that serves."""

    __slots__ = ("_bounds", "_weighted", "account", "name", "region", "variants")

    def __init__(self, key: Key, variants: Iterable[Variant]) -> None:
        self.account, self.region, self.name = key
        self.variants = {variant.name: variant for variant in variants}
        # While all instances of a variant are being replaced the others take its share.
        self._weighted = [each for each in self.variants.values() if each.weight > 0 and each.instances]
        self._bounds = list(accumulate(variant.weight for variant in self._weighted))

    def draw(self) -> Variant | None:
        """A variant, drawn by weight; None where none of them takes traffic."""
        if len(self._weighted) <= 1:
            return self._weighted[0] if self._weighted else None
        return random.choices(self._weighted, cum_weights=self._bounds)[0]  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All endpoints that serve, at one revision of the routes (-1: nothing was read yet)."""

    revision: int
    routes: Mapping[Key, Route]
    instances: Mapping[tuple[str, URL], Instance]

    def succeed(self, records: Records) -> "Snapshot":
        """The next snapshot; instances that stay keep their counts."""
        known = dict(self.instances)
        healthy: dict[tuple[int, int, str], list[Instance]] = {}
        current: dict[tuple[str, URL], Instance] = {}
        for row in records.instances:
            url = URL.build(scheme="http", host=row.host or "", port=row.port, path="/invocations")
            instance = known.get((row.id, url)) or Instance(row.id, url)
            current[row.id, url] = instance
            healthy.setdefault((row.endpoint_id, row.generation, row.variant), []).append(instance)
        routes = {}
        for endpoint, account, region, name, routing in records.endpoints:
            generation = routing["generation"]
            variants = (
                Variant(variant, values["weight"], healthy.get((endpoint, generation, variant), ()))
                for variant, values in routing["variants"].items()
            )
            routes[account, region, name] = Route((account, region, name), variants)
        return Snapshot(records.revision, routes, current)


EMPTY = Snapshot(revision=-1, routes={}, instances={})


def read_records(database: Database, known_revision: int) -> Records | None:
    """The routes in the database; None where their revision is the known one."""
    # Found by their instances: resources of all kinds are many, serving endpoints few.
    serving = ResourceRow.id.in_(sa.select(InstanceRow.endpoint_id))
    endpoints = sa.select(
        ResourceRow.id, ResourceRow.account, ResourceRow.region, ResourceRow.name, ResourceRow.state
    ).where(serving, ResourceRow.status != "Deleting")
    healthy = sa.select(InstanceRow).where(
        InstanceRow.state == "Healthy", InstanceRow.host.is_not(None), InstanceRow.port.is_not(None)
    )
    with database.read() as session:
        # The revision is read first: rows that are newer than it are only read once more.
        revision = revisions.read(session, ROUTES)
        if revision == known_revision:
            return None
        found = [
            (id_, account, region, name, state[_SERVING])
            for id_, account, region, name, state in session.execute(endpoints)
            if state.get(_SERVING)
        ]
        return Records(revision, found, session.scalars(healthy).all())
