"""The instances of an endpoint at one look, beside what its targets ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.kernel import clock
from clary.kernel.work import Work
from clary.resources.endpoint import instances
from clary.resources.endpoint.serving import Serving
from clary.resources.endpoint.target import Target
from clary.store.tables import InstanceRow

ALIVE = frozenset({"Pending", "Starting", "Healthy"})
DEPLOYING = frozenset({"Creating", "Updating"})
RESTART_MEMORY = 300 * clock.SECOND
RESTART_DELAY_MAX = 60

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Slot:
    """A variant of a generation, and how many of its instances there must be."""

    generation: int
    variant: Mapping[str, Any]
    count: int


class Fleet:
    """What a look knows. The functions that act on it write to the database and keep ``rows`` true."""

    def __init__(self, work: Work, serving: Serving) -> None:
        self.work = work
        self.serving = serving
        self.rows: list[InstanceRow] = []
        self.silent_since: dict[str, int] = {}
        self.load()

    def load(self) -> None:
        """Read the instances anew."""
        with self.work.platform.database.read() as session:
            self.rows = list(instances.load(session, self.work.row.id))

    @property
    def target(self) -> Target:
        """What the endpoint moves towards, or is."""
        target: Target = self.work.state["target"]
        return target

    @property
    def slots(self) -> dict[Key, Slot]:
        """The target's variants; during an update also those that serve until it is done."""
        targets = [self.target]
        if self.work.row.status == "Updating":
            targets.append(self.work.state["previous"])
        slots: dict[Key, Slot] = {}
        for target in targets:
            for variant in target["variants"]:
                key = target["generation"], variant["name"]
                count = max(variant["count"], slots[key].count) if key in slots else variant["count"]
                slots[key] = Slot(
                    target["generation"], slots[key].variant if key in slots else variant, count
                )
        return slots

    def slot_of(self, row: InstanceRow) -> Slot | None:
        """The slot that an instance belongs to; None where it is no longer wanted."""
        return self.slots.get((row.generation, row.variant))

    def alive(self, slot: Slot) -> list[InstanceRow]:
        """A slot's instances that serve or will; healthy ones first, then the oldest."""
        rows = [row for row in self._rows_of(slot) if row.state in ALIVE]
        return sorted(rows, key=lambda row: (row.state != "Healthy", row.created_at))

    def is_ready(self) -> bool:
        """Whether the target has all its instances healthy."""
        healthy = [(row.generation, row.variant) for row in self.rows if row.state == "Healthy"]
        generation = self.target["generation"]
        return all(
            healthy.count((generation, variant["name"])) >= variant["count"]
            for variant in self.target["variants"]
        )

    def is_on_trial(self, row: InstanceRow) -> bool:
        """Whether the instance decides on a deployment: it is what is being deployed, and not yet in use."""
        if self.work.row.status not in DEPLOYING or row.generation != self.target["generation"]:
            return False
        return row.state != "Healthy" or row.generation != self.routed_generation

    @property
    def routed_generation(self) -> int:
        """The generation that takes traffic; 0 before there is one."""
        return int((self.work.state.get("routing") or {}).get("generation", 0))

    def restart_at(self, slot: Slot) -> int:
        """When a missing instance of the slot may be started, 0 for now: pauses grow while instances die."""
        now = clock.now()
        deaths = [row.changed_at for row in self._rows_of(slot) if row.state == "Dead"]
        recent = [moment for moment in deaths if now - moment < RESTART_MEMORY]
        if len(recent) <= 1:
            return 0
        delay: int = min(2 ** len(recent), RESTART_DELAY_MAX) * clock.SECOND
        return max(recent) + delay

    def change(self, row: InstanceRow, **values: Any) -> None:
        """Write an instance's state or address."""
        with self.work.write() as session:
            instances.change(session, row, **values)

    def _rows_of(self, slot: Slot) -> list[InstanceRow]:
        name = slot.variant["name"]
        return [row for row in self.rows if row.generation == slot.generation and row.variant == name]
