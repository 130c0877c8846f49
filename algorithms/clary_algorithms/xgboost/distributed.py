"""Training on several hosts through XGBoost's own collective.

The hosts that have data form a ring; its first member is the master, which alone writes the model. A host
without data takes no part, except that the job's first host keeps the tracker that holds the ring together.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clary_algorithms.contract.configuration import Hosts
from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.rendezvous import Attendee, Convener, Plan


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
    """Meet the other hosts and stay in the ring for the block; a ring of no members has size 0.

    After an error in the block the ring is left without the others' consent: they may be waiting for this
    host, and it would wait for them.
    """
    meeting: Convener | Attendee
    if hosts.rank == 0:
        meeting = Convener(hosts.names, takes_part=has_data)
        plan, _tracker = _start_tracker(meeting, hosts)
        meeting.announce(plan)
    else:
        meeting = Attendee(hosts.names, current=hosts.current, takes_part=has_data)
        plan = meeting.plan
    members: list[str] = plan["members"]
    ring = Ring(members.index(hosts.current) if hosts.current in members else None, len(members))
    with _collective(ring, plan["arguments"]):
        yield ring
    # The tracker lives until this host has heard from all members.
    meeting.finish()


@contextmanager
def _collective(ring: Ring, arguments: Mapping[str, Any]) -> Iterator[None]:
    if ring.rank is None or ring.size == 1:
        yield
        return
    # The ranks follow the task names, so the master is the same host at every start.
    xgb.collective.init(**arguments, dmlc_task_id=f"{ring.rank:04d}")
    yield
    xgb.collective.finalize()


def _start_tracker(meeting: Convener, hosts: Hosts) -> tuple[Plan, "xgb.tracker.RabitTracker | None"]:
    """Say who is in the ring, and start what holds it together if there is more than one."""
    members = [name for name in hosts.names if meeting.roll[name]]
    if len(members) < 2:
        return {"members": members, "arguments": {}}, None
    tracker = xgb.tracker.RabitTracker(n_workers=len(members), host_ip=meeting.address, sortby="task")
    tracker.start()
    return {"members": members, "arguments": tracker.worker_args()}, tracker
