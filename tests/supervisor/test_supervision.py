"""What the supervisor does when processes die."""

import os
import signal
import urllib.request
from pathlib import Path

import psutil
import pytest

from support.running import process_ids, read_logs, run_clary, running_platform, start_platform
from support.waiting import wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "platform"


@pytest.mark.parametrize("role", ["gateway-1", "controller"])
def test_a_process_that_dies_is_started_again(folder: Path, role: str) -> None:
    with running_platform(folder):
        before = process_ids(folder)
        os.kill(before[role], signal.SIGKILL)
        after = wait_for(lambda: _replaced(folder, role, before[role]), what=f"a new {role}")
        assert after["supervisor"] == before["supervisor"]
        wait_for(lambda: run_clary("status", "--data-dir", str(folder)).returncode == 0, what="ready")
    assert f"{role} ended with code -9" in read_logs(folder)


def test_connections_wait_while_the_gateway_is_replaced(folder: Path) -> None:
    with running_platform(folder) as platform:
        os.kill(process_ids(folder)["gateway-1"], signal.SIGKILL)
        # The supervisor holds the listening socket, so this request is answered by the next worker.
        with urllib.request.urlopen(f"{platform.url}/_clary/health", timeout=60) as answer:
            assert answer.status == 200


def test_children_end_with_a_killed_supervisor_and_the_next_start_clears_up(folder: Path) -> None:
    start_platform(folder)
    before = process_ids(folder)
    os.kill(before["supervisor"], signal.SIGKILL)
    children = [pid for role, pid in before.items() if role != "supervisor"]
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in children), what="the children's end")
    assert run_clary("status", "--data-dir", str(folder)).returncode == 3
    with running_platform(folder):
        assert set(process_ids(folder).values()).isdisjoint(before.values())
    assert "did not end in order" in read_logs(folder)


def test_the_same_port_serves_at_once_after_a_kill(folder: Path) -> None:
    first = start_platform(folder)
    os.kill(process_ids(folder)["supervisor"], signal.SIGKILL)
    port = first.url.rpartition(":")[2]
    started = run_clary("up", "--detach", "--port", port, "--data-dir", str(folder))
    try:
        assert started.returncode == 0, started.stderr
    finally:
        run_clary("down", "--data-dir", str(folder))


def test_a_schema_of_the_future_is_not_touched(folder: Path) -> None:
    import sqlite3
    from contextlib import closing

    with running_platform(folder):
        pass
    with closing(sqlite3.connect(folder / "clary.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = run_clary("up", "--detach", "--port", "0", "--data-dir", str(folder))
    assert refused.returncode == 1
    assert "could not be brought up to date" in refused.stderr
    assert "9999" in refused.stderr


def _replaced(folder: Path, role: str, pid: int) -> dict[str, int] | None:
    now = process_ids(folder)
    return now if now.get(role) not in {None, pid} else None
