"""The reconciler: due work is done once, failures are tried again with a bound, leases survive crashes."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from clary.kernel import clock, leases, reconciler, repository
from clary.kernel.platform import Platform
from clary.kernel.reconciler import Lane, Reconciled, Reconciler
from clary.kernel.work import Again, Outcome, Rest, Work
from clary.store.tables import ResourceRow
from support.kernel import LAMP, create_lamp
from support.waiting import wait_for

Step = Callable[[Work], Outcome]


@contextmanager
def running(
    platform: Platform, step: Step, *, slots: int = 4, workers: int = 1, **more: object
) -> Iterator[None]:
    """Reconcilers at work for the length of the block."""
    stop = threading.Event()
    lane = Lane("lamps", slots, {"Lamp": Reconciled("Lamp", LAMP, step, **more)})  # type: ignore[arg-type]
    threads = [
        threading.Thread(target=Reconciler(platform, [lane]).run, args=(stop,)) for _ in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def status_of(platform: Platform, row: ResourceRow) -> str:
    """The status in the database now."""
    with platform.database.read() as session:
        return session.scalars(sa.select(ResourceRow.status).where(ResourceRow.id == row.id)).one()


def test_woken_resources_reach_their_end(platform: Platform) -> None:
    def step(work: Work) -> Outcome:
        work.transition("On")
        return Rest()

    rows = [create_lamp(platform, f"lamp-{number}", wake=True) for number in range(10)]
    asleep = create_lamp(platform, "asleep")
    with running(platform, step):
        wait_for(lambda: all(status_of(platform, row) == "On" for row in rows))
    assert status_of(platform, asleep) == "Off"


def test_two_reconcilers_never_do_the_same_work_twice(platform: Platform) -> None:
    runs: Counter[int] = Counter()
    lock = threading.Lock()

    def step(work: Work) -> Outcome:
        with lock:
            runs[work.row.id] += 1
        work.transition("On")
        return Rest()

    rows = [create_lamp(platform, f"lamp-{number}", wake=True) for number in range(30)]
    with running(platform, step, workers=3):
        wait_for(lambda: all(status_of(platform, row) == "On" for row in rows))
    assert set(runs.values()) == {1}


def test_a_lane_runs_no_more_than_its_slots_at_once(platform: Platform) -> None:
    inside, most = 0, 0
    lock = threading.Lock()
    full = threading.Event()

    def step(work: Work) -> Outcome:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == 2:
                full.set()
        full.wait(10)
        with lock:
            inside -= 1
        work.transition("On")
        return Rest()

    rows = [create_lamp(platform, f"lamp-{number}", wake=True) for number in range(6)]
    with running(platform, step, slots=2):
        wait_for(lambda: all(status_of(platform, row) == "On" for row in rows))
    assert most == 2


def test_a_wake_during_a_step_is_not_lost(platform: Platform) -> None:
    started, woken = threading.Event(), threading.Event()

    def step(work: Work) -> Outcome:
        if work.state.get("seen"):
            work.transition("On")
            return Rest()
        started.set()
        woken.wait(10)
        with platform.database.write() as session:
            repository.update(session, work.row.id, state={"seen": True})
        return Rest()

    row = create_lamp(platform, "desk", wake=True)
    with running(platform, step):
        assert started.wait(10)
        with platform.database.write() as session:
            repository.update(session, row.id, wake=True)
        woken.set()
        wait_for(lambda: status_of(platform, row) == "On")


def test_a_failing_step_is_tried_again_and_given_up_in_the_end(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "RETRY_SECONDS", (0.01, 0.01))
    tries = 0

    def step(_work: Work) -> Outcome:
        nonlocal tries
        tries += 1
        raise RuntimeError("no current")

    def give_up(work: Work, error: Exception) -> None:
        work.transition("Broken", failure_reason=str(error))

    row = create_lamp(platform, "desk", wake=True)
    with running(platform, step, give_up=give_up):
        wait_for(lambda: status_of(platform, row) == "Broken")
    assert tries == 3


def test_a_stop_during_a_step_wins_over_its_result(platform: Platform) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def step(work: Work) -> Outcome:
        if work.row.status == "Dimming":
            work.transition("Off")
            return Rest()
        begun.set()
        stopped.wait(10)
        work.transition("On")
        return Rest()

    row = create_lamp(platform, "desk", wake=True, status="Warming")
    with running(platform, step):
        assert begun.wait(10)
        with platform.database.write() as session:
            repository.transition(session, row.id, LAMP, "Dimming", wake=True)
        stopped.set()
        wait_for(lambda: status_of(platform, row) == "Off")


def test_a_long_step_is_told_when_the_process_ends(platform: Platform) -> None:
    begun = threading.Event()

    def step(work: Work) -> Outcome:
        begun.set()
        wait_for(lambda: work.halted)
        return Again()

    create_lamp(platform, "desk", wake=True)
    with running(platform, step):
        assert begun.wait(10)
    with platform.database.read() as session:
        assert session.scalars(sa.select(ResourceRow.lock_owner)).all() == [None]


def test_the_lease_of_a_dead_process_is_released_at_once(platform: Platform) -> None:
    row = create_lamp(platform, "desk", wake=True)
    host = leases.this_owner().split("/", 1)[0]
    (held,) = leases.claim(platform.database, ["Lamp"], owner=f"{host}/999999999/1", limit=1)
    assert leases.claim(platform.database, ["Lamp"], owner=leases.this_owner(), limit=1) == []
    assert leases.release_dead(platform.database) == [f"{host}/999999999/1"]
    (taken,) = leases.claim(platform.database, ["Lamp"], owner=leases.this_owner(), limit=1)
    assert taken.row.id == row.id
    assert taken.token != held.token
    assert leases.release_dead(platform.database) == []


def test_an_expired_lease_can_be_taken_and_its_old_holder_writes_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = create_lamp(platform, "desk", wake=True)
    monkeypatch.setattr(leases, "DURATION", -clock.SECOND)
    (old,) = leases.claim(platform.database, ["Lamp"], owner="elsewhere/1/1", limit=1)
    monkeypatch.undo()
    (new,) = leases.claim(platform.database, ["Lamp"], owner="elsewhere/2/2", limit=1)
    leases.release(platform.database, old, wake_at=None)
    with platform.database.read() as session:
        tokens = session.scalars(sa.select(ResourceRow.lock_token).where(ResourceRow.id == row.id)).all()
    assert tokens == [new.token]


def test_a_database_that_comes_back_finds_the_work_let_go(platform: Platform) -> None:
    runs = 0

    def step(_work: Work) -> Outcome:
        nonlocal runs
        runs += 1
        if runs == 1:
            rename(platform, "resources", "resources_away")
        return Rest() if runs > 1 else Again()

    create_lamp(platform, "lamp", wake=True)
    with running(platform, step):
        wait_for(lambda: runs == 1)
        rename(platform, "resources_away", "resources")
        # Sooner than the lease, which nobody renews meanwhile, would expire.
        wait_for(lambda: runs == 2, seconds=leases.DURATION / clock.SECOND / 2)


def rename(platform: Platform, table: str, to: str) -> None:
    """Take a table out of the platform's sight, or bring it back; waits until it is there."""

    def attempt() -> bool:
        try:
            with platform.database.write() as session:
                session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {to}"))
        except sa.exc.DBAPIError:
            return False
        return True

    wait_for(attempt)


def test_a_step_whose_resource_was_changed_by_others_starts_over(platform: Platform) -> None:
    written = []

    def step(work: Work) -> Outcome:
        if work.row.status == "Warming":
            with platform.database.write() as session:
                repository.transition(session, work.row.id, LAMP, "Dimming")
            work.update(warm=True)
            written.append("a lamp that dims was treated as one that warms")
        work.transition("Off")
        return Rest()

    row = create_lamp(platform, "lamp", status="Warming", wake=True)
    with running(platform, step):
        wait_for(lambda: status_of(platform, row) == "Off")
    with platform.database.read() as session:
        assert session.get_one(ResourceRow, row.id).state == {}
    assert not written
