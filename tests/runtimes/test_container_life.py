"""Start, wait, stop, list, remove, adopt: the same on every runtime."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from clary.kernel.errors import ClientFault, PlatformFault
from clary.runtimes.protocol import Limits, Mount, Phase
from support.waiting import wait_for

UNTIL_TOLD = "while [ ! -e $CLARY_ML_ROOT/go ]; do sleep 0.02; done; "


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_code_is_kept(bench, script, code):
    before = time.time()
    state = bench.run("sh", "-c", script)
    assert state.exit_code == code
    assert before - 1 <= state.started_at <= state.finished_at <= time.time() + 1
    assert bench.runtime.inspect(bench.spec().name) == state


def test_a_command_that_does_not_exist_fails_and_says_so(bench):
    spec = bench.spec("no-such-program")
    try:
        bench.runtime.start(spec)
    except ClientFault as fault:
        assert "no-such-program" in str(fault)  # noqa: PT017 - an engine refuses at once, a process ends at once
        return
    state = bench.finish(spec.name)
    assert state.exit_code != 0
    said = bench.lines() if bench.log.exists() else []
    assert "no-such-program" in f"{state.error} {said}"


def test_a_mount_of_a_missing_folder_is_refused(bench):
    with pytest.raises(PlatformFault, match="does not exist"):
        bench.start("true", mounts=(Mount(bench.data_folder / "nowhere", "/opt/ml"),))


def test_wait_ends_at_its_time_limit_while_the_container_runs(bench):
    name = bench.start("sh", "-c", UNTIL_TOLD)
    assert bench.runtime.wait(name, 0.1).phase is Phase.RUNNING
    (bench.ml / "go").touch()
    assert bench.finish(name).exit_code == 0


def test_what_is_written_to_a_mount_is_the_platforms_to_read(bench):
    bench.run("sh", "-c", "umask 077; mkdir $CLARY_ML_ROOT/model; echo trained > $CLARY_ML_ROOT/model/m")
    assert (bench.ml / "model" / "m").read_text() == "trained\n"
    assert (bench.ml / "model").stat().st_uid == os.geteuid()


def test_a_deeper_mount_shows_inside_another_and_may_be_read_only(isolated_bench):
    bench, cache = isolated_bench, isolated_bench.data_folder / "cache"
    cache.mkdir()
    (cache / "rows.csv").write_text("1,2\n")
    mounts = (Mount(bench.ml, "/opt/ml"), Mount(cache, "/opt/ml/input/data/train", read_only=True))
    script = "cd /opt/ml/input/data/train; cat rows.csv; touch x || echo refused"
    bench.run("sh", "-c", f"exec 2>/dev/null; {script}", mounts=mounts)
    assert bench.lines() == ["1,2", "refused"]


def test_deeper_mounts_work_without_isolation(open_bench):
    bench = open_bench("none")
    cache = bench.data_folder / "cache"
    cache.mkdir()
    (cache / "rows.csv").write_text("1,2\n")
    mounts = (Mount(cache, "/opt/ml/input/data/train"), Mount(bench.ml, "/opt/ml"))
    bench.run("sh", "-c", "cat $CLARY_ML_ROOT/input/data/train/rows.csv", mounts=mounts)
    assert bench.lines() == ["1,2"]


def test_stop_sends_term_and_lets_the_program_finish(bench):
    script = "trap 'echo saved; exit 7' TERM; echo ready; while :; do sleep 0.02; done"
    name = bench.start("sh", "-c", script)
    wait_for(lambda: bench.log.exists() and "ready" in bench.lines())
    bench.runtime.stop(name, 30)
    assert bench.finish(name).exit_code == 7
    assert bench.lines() == ["ready", "saved"]


def test_stop_kills_a_program_that_ignores_term_with_all_its_children(bench):
    stubborn = "trap '' TERM; while :; do sleep 0.02; done"
    script = f"trap '' TERM; sh -c \"{stubborn}\" $0 & echo up; wait"
    name = bench.start("sh", "-c", script, bench.marker)
    wait_for(lambda: bench.log.exists() and "up" in bench.lines())
    bench.runtime.stop(name, 0.2)
    assert bench.finish(name).exit_code == 137
    wait_for(lambda: not bench.find_processes(), what="the end of every process")


def test_stop_right_after_start_ends_the_program(bench):
    name = bench.start("python", "-c", "import time; time.sleep(600)")
    bench.runtime.stop(name, 5)
    assert bench.finish(name).exit_code in {137, 143}


def test_stop_and_remove_of_what_is_not_there_do_nothing(bench):
    bench.runtime.stop("nothing-of-that-name", 1)
    bench.runtime.remove("nothing-of-that-name")
    bench.runtime.remove_group("no-such-group")
    assert bench.runtime.inspect("nothing-of-that-name").phase is Phase.MISSING
    assert bench.runtime.address("nothing-of-that-name") is None


def test_a_second_start_of_a_name_adopts_the_first(bench):
    spec = bench.spec("sh", "-c", f"echo once; {UNTIL_TOLD} exit 4")
    starts = [threading.Thread(target=bench.runtime.start, args=(spec,)) for _ in range(4)]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    (bench.ml / "go").touch()
    assert bench.finish(spec.name).exit_code == 4
    bench.runtime.start(spec)
    assert bench.runtime.inspect(spec.name).exit_code == 4
    assert bench.lines() == ["once"]


def test_remove_kills_and_frees_the_name(bench):
    name = bench.start("sh", "-c", "echo first; while :; do sleep 0.02; done")
    bench.runtime.remove(name)
    assert bench.runtime.inspect(name).phase is Phase.MISSING
    assert bench.run("sh", "-c", "exit 9").exit_code == 9


def test_containers_are_listed_by_their_labels(bench):
    name = bench.start("sh", "-c", UNTIL_TOLD, labels={"kind": "TrainingJob", "uid": "a"})
    other = bench.start("true", name="other", labels={"kind": "TrainingJob", "uid": "b"})
    bench.finish(other)
    listed = {found.name: found for found in bench.runtime.list({"kind": "TrainingJob"})}
    assert {found: listed[found].phase for found in listed} == {name: Phase.RUNNING, other: Phase.EXITED}
    assert [found.name for found in bench.runtime.list({"kind": "TrainingJob", "uid": "b"})] == [other]
    assert listed[other].labels == {"kind": "TrainingJob", "uid": "b"}
    assert list(bench.runtime.list({"kind": "Endpoint"})) == []


STARTER = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from conftest import open_runtime_of_kind, IMAGE
from clary.runtimes.protocol import ContainerSpec, Mount
runtime = open_runtime_of_kind(sys.argv[3], Path(sys.argv[4]))
ml = Path(sys.argv[5])
runtime.start(ContainerSpec(
    name=sys.argv[6], image=IMAGE, entrypoint=("sh", "-c", sys.argv[7]), group=sys.argv[6],
    mounts=(Mount(ml, "/opt/ml"),), log_path=Path(sys.argv[8]), labels={"uid": "survivor"},
))
print("started", flush=True)
sys.stdin.read()
"""


def test_a_container_outlives_kill_9_of_the_platform_and_is_adopted(bench):
    script = f"echo before; echo 1 > $CLARY_ML_ROOT/up; {UNTIL_TOLD} echo after; exit 5"
    name = bench.spec().name
    here = Path(__file__).parent
    command = [sys.executable, "-c", STARTER, str(here), str(here.parent), bench.kind]
    command += [str(bench.data_folder), str(bench.ml), name, script, str(bench.log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as platform:
        assert platform.stdout.readline() == b"started\n"
        wait_for((bench.ml / "up").exists)
        platform.send_signal(signal.SIGKILL)
        platform.wait()
    restarted = bench.reopen()
    assert [found.name for found in restarted.list({"uid": "survivor"})] == [name]
    assert restarted.inspect(name).phase is Phase.RUNNING
    (bench.ml / "go").touch()
    assert restarted.wait(name, 30).exit_code == 5
    assert bench.lines() == ["before", "after"]


def test_memory_past_the_limit_is_refused_or_kills(bench):
    state = bench.python("x = bytearray(2**29)", limits=Limits(memory=2**27))
    assert state.exit_code != 0
    assert state.out_of_memory or "MemoryError" in bench.lines()[-1]


def test_the_processors_of_the_limit_are_told_to_numeric_libraries(bench):
    bench.run("sh", "-c", "echo $OMP_NUM_THREADS", limits=Limits(cpus=1.0))
    assert bench.lines() == ["1"]
