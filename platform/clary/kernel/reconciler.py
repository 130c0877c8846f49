"""The one loop that moves resources: claim what is due, run its step outside any transaction, let go."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from clary.kernel import clock, leases
from clary.kernel.errors import IllegalTransition, LeaseLost
from clary.kernel.leases import Lease
from clary.kernel.platform import Platform
from clary.kernel.states import States
from clary.kernel.work import Again, Outcome, Rest, Work

log = logging.getLogger(__name__)

Step = Callable[[Work], Outcome]

POLL_SECONDS = 0.05
RENEW_SECONDS = 10.0
RETRY_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A kind that the reconciler moves: its transition table and its step.

    A step that raises is tried again with growing pauses; after the last ``give_up`` ends the resource
    as failed. Without one (an endpoint that serves must never be given up) it is tried for ever.
    """

    kind: str
    states: States
    step: Step
    give_up: Callable[[Work, Exception], None] | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """Kinds that share so many threads: long jobs must not keep short steps waiting."""

    name: str
    slots: int
    kinds: Mapping[str, Reconciled]


class Reconciler:
    """Runs lanes until told to stop. Several may run at once, here or elsewhere: leases keep them apart."""

    def __init__(self, platform: Platform, lanes: Sequence[Lane]) -> None:
        self._platform = platform
        self._lanes = lanes
        self._owner = leases.this_owner()
        self._held: dict[str, Lease] = {}
        self._failures: dict[str, int] = {}
        self._unreleased: list[tuple[Lease, int | None]] = []
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._halt = threading.Event()
        self._pools = {
            lane.name: ThreadPoolExecutor(lane.slots, thread_name_prefix=lane.name) for lane in lanes
        }
        self._free = {lane.name: lane.slots for lane in lanes}

    def held(self) -> set[str]:
        """The uids of the resources whose steps run at this moment."""
        with self._lock:
            return {lease.row.uid for lease in self._held.values()}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``; then wait for the steps at hand and let their leases go."""
        leases.release_dead(self._platform.database)
        renewed = clock.now()
        away = False
        while not stop.is_set():
            try:
                self._release_late()
                # Before anything is claimed: a machine that slept still has the steps that it had.
                if clock.now() - renewed > RENEW_SECONDS * clock.SECOND:
                    leases.renew(self._platform.database, list(self._held))
                    renewed = clock.now()
                claimed = sum(self._fill(lane) for lane in self._lanes)
            except SQLAlchemyError as error:
                if not away:
                    log.warning("the database does not answer; trying again: %s", error)
                away = True
                stop.wait(RETRY_SECONDS[1])
                continue
            if away:
                log.warning("the database answers again")
                away = False
            if not claimed:
                self._finished.wait(POLL_SECONDS)
                self._finished.clear()
        self._halt.set()
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _fill(self, lane: Lane) -> int:
        with self._lock:
            free = self._free[lane.name]
        if not free:
            return 0
        claimed = leases.claim(self._platform.database, lane.kinds, owner=self._owner, limit=free)
        for lease in claimed:
            with self._lock:
                self._held[lease.token] = lease
                self._free[lane.name] -= 1
            self._pools[lane.name].submit(self._advance, lane, lease)
        return len(claimed)

    def _release_late(self) -> None:
        """Let go of what a step could not: the database was away. Until then nobody else may have it."""
        with self._lock:
            late, self._unreleased = self._unreleased, []
        while late:
            try:
                leases.release(self._platform.database, late[-1][0], wake_at=late[-1][1])
            except SQLAlchemyError:
                with self._lock:
                    self._unreleased += late
                raise
            late.pop()

    def _advance(self, lane: Lane, lease: Lease) -> None:
        wake_at: int | None = clock.now()
        try:
            outcome = self._step(lane.kinds[lease.row.kind], lease)
            wake_at = (
                clock.now() + round(outcome.after * clock.SECOND) if isinstance(outcome, Again) else None
            )
            leases.release(self._platform.database, lease, wake_at=wake_at)
        except Exception:
            # Neither the step nor giving it up may raise here: the database is away, or something like it.
            log.exception("%s %s: its lease is released later", lease.row.kind, lease.row.name)
            with self._lock:
                self._unreleased.append((lease, wake_at))
        finally:
            with self._lock:
                self._held.pop(lease.token, None)
                self._free[lane.name] += 1
            self._finished.set()

    def _step(self, reconciled: Reconciled, lease: Lease) -> Outcome:
        work = Work(self._platform, lease, reconciled.states, self._halt)
        try:
            outcome = reconciled.step(work)
        except (IllegalTransition, LeaseLost) as error:
            # The resource was stopped, deleted or taken over meanwhile: the next look sees the new world.
            log.info("%s %s: %s", lease.row.kind, lease.row.name, error)
            return Again(POLL_SECONDS)
        except Exception as error:
            if work.current_status() is None:
                log.info("%s %s is gone: %s", lease.row.kind, lease.row.name, error)
                return Rest()
            return self._retry_or_give_up(reconciled, work, error)
        self._failures.pop(lease.row.uid, None)
        return outcome

    def _retry_or_give_up(self, reconciled: Reconciled, work: Work, error: Exception) -> Outcome:
        failures = self._failures.get(work.row.uid, 0)
        log.exception("%s %s: step failed (failure %d in a row)", work.row.kind, work.row.name, failures + 1)
        if failures >= len(RETRY_SECONDS) and reconciled.give_up is not None:
            self._failures.pop(work.row.uid, None)
            reconciled.give_up(work, error)
            return Rest()
        self._failures[work.row.uid] = failures + 1
        return Again(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
