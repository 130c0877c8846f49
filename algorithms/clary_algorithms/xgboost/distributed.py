"""Training on several hosts through XGBoost's own collective.

The hosts that have data form a ring; its first member is the master, which alone writes the model. A host
without data takes no part, except that the job's first host keeps the tracker that holds the ring together.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clary_algorithms.contract.configuration import Hosts
from clary_algorithms.xgboost import rendezvous
from clary_algorithms.xgboost.library import xgboost as xgb

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ring:
    """This host's place among those that train; ``rank`` is None for one that does not."""

    rank: int | None = 0
    size: int = 1

    @property
    def is_master(self) -> bool:
        return self.rank == 0


@contextmanager
def join_ring(hosts: Hosts, *, has_data: bool) -> Iterator[Ring]:
    """Meet the other hosts and stay in the ring for the block; a ring of no members has size 0."""
    deadline = rendezvous.start_deadline()
    tracker = None
    if hosts.rank == 0:
        tracker = _Tracker(rendezvous.resolve(hosts.current, deadline=deadline), hosts)
        plan = rendezvous.gather(hosts.names, takes_part=has_data, answer=tracker.start, deadline=deadline)
    else:
        plan = rendezvous.report(hosts.names, current=hosts.current, takes_part=has_data, deadline=deadline)
    members = plan["members"]
    rank = members.index(hosts.current) if hosts.current in members else None
    ring = Ring(rank, len(members))
    if rank is None or len(members) == 1:
        yield ring
    else:
        # The ranks follow the task names, so the master is the same host at every start.
        xgb.collective.init(**plan["arguments"], dmlc_task_id=f"{rank:04d}")
        yield ring
        # Not after an error: the others may be waiting for this host, and it for them.
        xgb.collective.finalize()
    if tracker and len(members) > 1:
        tracker.wait()


class _Tracker:
    """XGBoost's tracker, on the job's first host."""

    def __init__(self, address: str, hosts: Hosts) -> None:
        self._address = address
        self._hosts = hosts
        self._tracker: xgb.tracker.RabitTracker | None = None

    def start(self, roll: rendezvous.Roll) -> dict[str, object]:
        """Start it for the hosts that take part, and say who they are and how they reach it."""
        members = [name for name in self._hosts.names if roll.get(name)]
        if len(members) < 2:
            return {"members": members, "arguments": {}}
        self._tracker = xgb.tracker.RabitTracker(n_workers=len(members), host_ip=self._address, sortby="task")
        self._tracker.start()
        return {"members": members, "arguments": self._tracker.worker_args()}

    def wait(self) -> None:
        if self._tracker:
            self._tracker.wait_for()
