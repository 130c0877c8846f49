"""The step of an endpoint: make the instances what the target says, route to them, retire the others."""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from clary.kernel import clock, repository
from clary.kernel.errors import AlgorithmFault, JobError
from clary.kernel.work import Again, Outcome, Rest, Work
from clary.resources.builtin_images import is_builtin
from clary.resources.endpoint import instances
from clary.resources.endpoint.declaration import ENDPOINT, STATES
from clary.resources.endpoint.serving import Serving
from clary.resources.reconciled import LaneName, reconcile
from clary.runtimes.protocol import Phase, Runtime
from clary.store.tables import InstanceRow

LOOK_SECONDS = 0.05
STARTING_SECONDS = 2.0
WATCH_SECONDS = 1.0
GRACE_SECONDS = 30.0
ALIVE = ("Pending", "Starting", "Healthy")
UNHEALTHY_PINGS = 5
RESTART_MEMORY = 300 * clock.SECOND
RESTART_DELAY_MAX = 60
# Gateways learn of a change within a fraction of a second. Clary's own server finishes accepted requests when
# it is told to stop; of other containers nothing is known: they stay for as long as a request may take.
DRAIN_OWN = 2 * clock.SECOND
DRAIN_OTHERS = 62 * clock.SECOND


@reconcile(ENDPOINT, LaneName.SERVICES)
def step(work: Work, runtime: Runtime) -> Outcome:
    """One look at an endpoint; while instances start it looks often, for a short while."""
    fleet = Fleet(work, Serving(work, runtime))
    if work.row.status == "Deleting":
        return fleet.delete()
    if work.row.status == "Failed":
        fleet.remove(fleet.load())
        return Rest()
    try:
        return fleet.converge()
    except JobError as error:
        return fleet.fail(error)


class Fleet:
    """All instances of an endpoint, of the target's generation and of those before it."""

    def __init__(self, work: Work, serving: Serving) -> None:
        self.work = work
        self.serving = serving
        self.target: dict[str, Any] = work.state["target"]
        self.variants = {variant["name"]: variant for variant in self.target["variants"]}

    def load(self) -> Sequence[InstanceRow]:
        with self.work.platform.database.read() as session:
            return instances.load(session, self.work.row.id)

    def converge(self) -> Outcome:
        """Move towards the target and say when to look again."""
        until = time.monotonic() + STARTING_SECONDS
        while True:
            rows = self.load()
            for row in rows:
                if row.generation == self.target["generation"] and row.state in {
                    "Pending",
                    "Starting",
                    "Healthy",
                }:
                    self._observe(row)
            self._launch_missing()
            ready = self._ready()
            if ready:
                self._publish()
                self._retire()
                return Again(WATCH_SECONDS)
            if time.monotonic() > until or self.work.halted:
                return Again(LOOK_SECONDS)
            time.sleep(LOOK_SECONDS)

    def fail(self, error: JobError) -> Outcome:
        """Creation ends as Failed; a failed update goes back to what served before, which never stopped."""
        work = self.work
        if work.row.status == "Creating":
            work.transition("Failed", failure_reason=error.reason)
            self.remove(self.load())
            return Rest()
        if work.row.status != "Updating":
            raise error
        previous = work.state["previous"]
        newer = [row for row in self.load() if row.generation > previous["generation"]]
        work.transition("RollingBack", failure_reason=error.reason, state={"target": previous})
        self.remove(newer)
        return Again()

    def delete(self) -> Outcome:
        """Take the endpoint out of the routes, then free everything."""
        rows = self.load()
        with self.work.platform.database.write() as session:
            for row in rows:
                instances.change(session, row, state="Draining")
        self.remove(rows)
        self.serving.remove_all()
        self.work.delete()
        return Rest()

    def remove(self, rows: Sequence[InstanceRow]) -> None:
        """Stop containers and forget their instances."""
        for row in rows:
            self.serving.remove(row, grace=GRACE_SECONDS)
        if rows:
            with self.work.platform.database.write() as session:
                instances.drop(session, rows)

    def _observe(self, row: InstanceRow) -> None:
        variant = self.variants.get(row.variant)
        if variant is None:
            return
        if row.state == "Pending":
            self.serving.start(row, variant)
            self._change(row, state="Starting")
            return
        if self.serving.runtime.inspect(row.container).phase is not Phase.RUNNING:
            self._lost(row, "its container ended")
        elif row.state == "Starting":
            self._await_ping(row, variant)
        elif not self._answers(row):
            self._lost(row, "it stopped answering /ping")

    def _await_ping(self, row: InstanceRow, variant: dict[str, Any]) -> None:
        if address := self.serving.ping(row):
            self._change(row, state="Healthy", host=address[0], port=address[1])
        elif clock.now() - row.created_at > variant["startup_seconds"] * clock.SECOND:
            self._lost(row, "it did not pass the ping health check")

    def _answers(self, row: InstanceRow) -> bool:
        if self.serving.ping(row):
            return True
        return any(self.serving.ping(row) for _ in range(UNHEALTHY_PINGS - 1))

    def _lost(self, row: InstanceRow, why: str) -> None:
        if row.state == "Starting" and self.work.row.status in {"Creating", "Updating"}:
            raise AlgorithmFault(
                f"The primary container for production variant {row.variant} did not pass the ping "
                f"health check ({why}). Please check CloudWatch logs for this endpoint."
            )
        self._change(row, state="Dead")
        self.serving.remove(row, grace=0)

    def _launch_missing(self) -> None:
        alive, dead = self._by_variant()
        with self.work.platform.database.write() as session:
            for name, variant in self.variants.items():
                if self._restart_allowed(dead[name]):
                    for _ in range(variant["count"] - len(alive[name])):
                        instances.add(
                            session, self.work.row, generation=self.target["generation"], variant=name
                        )

    def _ready(self) -> bool:
        alive, _ = self._by_variant()
        return all(
            sum(row.state == "Healthy" for row in alive[name]) >= variant["count"]
            for name, variant in self.variants.items()
        )

    def _by_variant(self) -> tuple[dict[str, list[InstanceRow]], dict[str, list[InstanceRow]]]:
        alive: dict[str, list[InstanceRow]] = defaultdict(list)
        dead: dict[str, list[InstanceRow]] = defaultdict(list)
        for row in self.load():
            if row.generation == self.target["generation"] and row.state != "Draining":
                (dead if row.state == "Dead" else alive)[row.variant].append(row)
        return alive, dead

    @staticmethod
    def _restart_allowed(dead: Sequence[InstanceRow]) -> bool:
        recent = [row.changed_at for row in dead if clock.now() - row.changed_at < RESTART_MEMORY]
        if len(recent) <= 1:
            return True
        delay = min(2 ** len(recent), RESTART_DELAY_MAX) * clock.SECOND
        return bool(clock.now() - max(recent) > delay)

    def _publish(self) -> None:
        routing = {
            "generation": self.target["generation"],
            "config": self.target["config"],
            "variants": {name: {"weight": variant["weight"]} for name, variant in self.variants.items()},
        }
        if self.work.row.status == "InService" and self.work.state.get("routing") == routing:
            return
        with self.work.platform.database.write() as session:
            self.work.row = repository.transition(
                session,
                self.work.row.id,
                STATES,
                "InService",
                state={"routing": routing},
                lease=self.work.token,
            )
            instances.announce(session)

    def _retire(self) -> None:
        rows = self.load()
        surplus = [row for row in rows if row.state in ALIVE and self._is_surplus(row, rows)]
        if surplus:
            with self.work.platform.database.write() as session:
                for row in surplus:
                    instances.change(session, row, state="Draining")
        keep = {"Draining": self._drain_time(), "Dead": RESTART_MEMORY}
        now = clock.now()
        self.remove([row for row in rows if row.state in keep and now - row.changed_at > keep[row.state]])

    def _is_surplus(self, row: InstanceRow, rows: Sequence[InstanceRow]) -> bool:
        if row.generation != self.target["generation"] or row.variant not in self.variants:
            return True
        same = [
            each
            for each in rows
            if each.generation == row.generation and each.variant == row.variant and each.state == "Healthy"
        ]
        return row in same[self.variants[row.variant]["count"] :]

    def _drain_time(self) -> int:
        images = {
            variant["container"]["Image"]
            for target in (self.target, self.work.state.get("previous"))
            if target
            for variant in target["variants"]
        }
        return DRAIN_OWN if all(is_builtin(image) for image in images) else DRAIN_OTHERS

    def _change(self, row: InstanceRow, **values: Any) -> None:
        with self.work.platform.database.write() as session:
            instances.change(session, row, **values)
        for name, value in values.items():
            setattr(row, name, value)
