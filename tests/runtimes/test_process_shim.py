"""What owns a process may itself die, and must never take a stranger for its process."""

import json
import os
import signal

import pytest

from clary.runtimes.protocol import Phase
from support.waiting import wait_for


def _state_file(bench, name):
    return bench.data_folder / "run" / "containers" / name / "state.json"


@pytest.mark.parametrize("kind", ["bubblewrap", "user namespace", "none"])
def test_a_process_whose_shim_was_killed_counts_as_killed_and_leaves_nothing_running(open_bench, kind):
    bench = open_bench(kind)
    name = bench.start("sh", "-c", "echo up; while :; do sleep 0.02; done", bench.marker)
    wait_for(lambda: bench.log.exists() and bench.lines() == ["up"])
    assert bench.find_processes()
    os.kill(json.loads(_state_file(bench, name).read_text())["pid"], signal.SIGKILL)
    state = bench.runtime.wait(name, 10)
    assert (state.phase, state.exit_code) == (Phase.EXITED, 137)
    assert "was killed" in state.error
    bench.runtime.stop(name, 0)
    wait_for(lambda: not bench.find_processes(), what="the end of every process")


def test_a_reused_pid_is_not_taken_for_the_shim(open_bench):
    bench = open_bench("none")
    name = bench.start("true")
    bench.finish(name)
    path = _state_file(bench, name)
    state = json.loads(path.read_text())
    for key in ("exit_code", "finished_at"):
        del state[key]
    path.write_text(json.dumps({**state, "pid": os.getpid(), "child": os.getpid()}))
    assert bench.runtime.inspect(name).exit_code == 137
    bench.runtime.stop(name, 0)  # would kill this very process if it were mistaken


def test_records_are_the_platforms_alone_to_read(open_bench):
    bench = open_bench("none")
    name = bench.start("true", environment={"TOKEN": "secret"})
    folder = _state_file(bench, name).parent
    assert folder.stat().st_mode & 0o077 == 0
