"""Which kinds the reconciler moves, and in which lane: a resource's file adds its own step here."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clary.kernel.reconciler import Lane, Reconciled
from clary.kernel.work import Outcome, Work
from clary.resources.kind import Kind
from clary.runtimes.protocol import Runtime

RuntimeStep = Callable[[Work, Runtime], Outcome]
GiveUp = Callable[[Work, Runtime, Exception], None]


class LaneName(StrEnum):
    """Jobs hold a thread while they run; services take short steps, often."""

    JOBS = "jobs"
    SERVICES = "services"


@dataclass(frozen=True, slots=True)
class _Registered:
    lane: LaneName
    kind: Kind
    step: RuntimeStep
    give_up: GiveUp | None


_steps: dict[str, _Registered] = {}


def reconcile(
    kind: Kind, lane: LaneName, *, give_up: GiveUp | None = None
) -> Callable[[RuntimeStep], RuntimeStep]:
    """Register a kind's step."""

    def decorate(step: RuntimeStep) -> RuntimeStep:
        _steps[kind.name] = _Registered(lane, kind, step, give_up)
        return step

    return decorate


def lanes(runtime: Runtime, slots: dict[LaneName, int]) -> list[Lane]:
    """The lanes of every registered step, bound to a runtime."""
    return [
        Lane(
            name=lane,
            slots=slots[lane],
            kinds={
                registered.kind.name: _bind(registered, runtime)
                for registered in _steps.values()
                if registered.lane is lane
            },
        )
        for lane in LaneName
    ]


def _bind(registered: _Registered, runtime: Runtime) -> Reconciled:
    def step(work: Work) -> Outcome:
        return registered.step(work, runtime)

    def give_up(work: Work, error: Exception) -> None:
        if registered.give_up is not None:
            registered.give_up(work, runtime, error)

    kind = registered.kind
    return Reconciled(kind.name, kind.states, step, give_up if registered.give_up is not None else None)
