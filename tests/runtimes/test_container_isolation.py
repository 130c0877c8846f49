"""A container sees its own world and nothing of the platform's."""

import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from clary.kernel.errors import ClientFault
from support.waiting import wait_for

SERVE = "exec python -m http.server $SAGEMAKER_BIND_TO_PORT --directory /opt/ml"
LISTEN = "import socket; s = socket.create_server(('', 7777)); s.settimeout(30); s.accept()"
CALL = """
import socket, time
deadline = time.monotonic() + 30
while True:
    try:
        socket.create_connection(("algo-1", 7777), timeout=1).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
"""
LOOPBACK = """
import socket
listener = socket.create_server(("127.0.0.1", 7777))
socket.create_connection(("localhost", 7777)).close()
"""
HOLD_PORT = """
import os, pathlib, socket, time
listener = socket.create_server((socket.gethostname(), 7777))
pathlib.Path("/opt/ml/up-" + os.environ["WHO"]).touch()
while not os.path.exists("/opt/ml/go"):
    time.sleep(0.02)
"""
ROUTE = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"


def test_the_platforms_files_are_invisible(isolated_bench):
    bench = isolated_bench
    secret = bench.data_folder / "keys.json"
    secret.write_text("{}")
    for path in (
        secret,
        bench.data_folder,
        Path.home() / ".aws",
        Path.home() / ".ssh",
        "/var/run/docker.sock",
    ):
        assert bench.run("test", "-e", str(path), name=f"t{abs(hash(path))}").exit_code == 1


def test_only_the_environment_that_was_given_is_there(bench, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-platform")
    monkeypatch.setenv("CLARY_SECRET_ACCESS_KEY", "of-the-platform")
    bench.run("env", environment={"TRAINING_JOB_NAME": "mine"})
    printed = "\n".join(bench.lines())
    assert "TRAINING_JOB_NAME=mine" in bench.lines()
    assert "CLARY_IMAGE_REPOSITORY=sagemaker-xgboost" in bench.lines()
    assert "CLARY_IMAGE_TAG=1.7-1" in bench.lines()
    assert "of-the-platform" not in printed
    assert not any(line.startswith("AWS_") for line in bench.lines())


def test_processes_of_this_machine_are_invisible(isolated_bench):
    isolated_bench.run("sh", "-c", "ls -d /proc/[0-9]* | wc -l")
    assert int(isolated_bench.lines()[0]) < 10


def test_this_machines_system_can_not_be_written(isolated_bench):
    for place in ("usr", "sys/kernel", "proc/sys/kernel"):
        inside = isolated_bench.run("sh", "-c", f"echo x > /{place}/clary-test", name=place.replace("/", "-"))
        written = Path("/") / place / "clary-test"
        assert not written.exists()
        assert inside.exit_code != 0 or place == "usr"


def test_no_privilege_is_left(isolated_bench):
    isolated_bench.run("grep", "-E", "^(CapEff|NoNewPrivs)", "/proc/self/status")
    assert [line.split()[1] for line in isolated_bench.lines()] == ["0" * 16, "1"]


def test_temporary_files_are_private(isolated_bench):
    with tempfile.NamedTemporaryFile(dir="/tmp") as theirs:
        isolated_bench.run("sh", "-c", "touch /tmp/mine && ls /tmp")
        names = isolated_bench.lines()
        assert "mine" in names
        assert Path(theirs.name).name not in names
    assert not Path("/tmp/mine").exists()  # noqa: S108 - that it is absent is the point


def test_the_host_name_is_the_instances(isolated_bench):
    isolated_bench.run("hostname", hostname="algo-1")
    assert isolated_bench.lines() == ["algo-1"]


@pytest.mark.parametrize("network_isolation", [False, True], ids=["open", "isolated"])
def test_the_hosts_of_a_job_reach_each_other_by_name(isolated_bench, network_isolation):
    both = {"peers": ("algo-1", "algo-2"), "network_isolation": network_isolation}
    first = isolated_bench.start("python", "-c", LISTEN, name="one", hostname="algo-1", **both)
    log = isolated_bench.data_folder / "logs" / "algo-2.log"
    second = isolated_bench.start("python", "-c", CALL, name="two", hostname="algo-2", log_path=log, **both)
    assert isolated_bench.finish(second).exit_code == 0, log.read_text()
    assert isolated_bench.finish(first).exit_code == 0


def test_two_jobs_may_use_the_same_port_under_the_same_name(isolated_bench):
    names = [
        isolated_bench.start(
            "python",
            "-c",
            HOLD_PORT,
            name=who,
            group=f"{isolated_bench.spec().group}-{who}",
            environment={"WHO": who},
            log_path=isolated_bench.data_folder / f"{who}.log",
        )
        for who in ("first", "second")
    ]
    wait_for(lambda: len(list(isolated_bench.ml.glob("up-*"))) == 2)
    (isolated_bench.ml / "go").touch()
    assert [isolated_bench.finish(name).exit_code for name in names] == [0, 0]


def test_network_isolation_leaves_no_way_out(isolated_bench):
    assert isolated_bench.python(ROUTE, network_isolation=True, name="shut").exit_code == 1
    assert isolated_bench.lines()[-1].endswith("Network is unreachable")
    assert isolated_bench.python(ROUTE, name="open").exit_code == 0


def test_network_isolation_keeps_loopback(isolated_bench):
    assert isolated_bench.python(LOOPBACK, network_isolation=True).exit_code == 0


def _fetch(address: tuple[str, int], path: str) -> bytes | None:
    try:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/{path}", timeout=5) as answer:
            return answer.read()
    except (urllib.error.URLError, ConnectionError):
        return None


@pytest.mark.parametrize("network_isolation", [False, True], ids=["open", "isolated"])
def test_a_server_is_reached_at_its_address(isolated_bench, network_isolation):
    bench = isolated_bench
    (bench.ml / "ping").write_text("pong")
    (bench.ml / "large").write_bytes(bytes(5_000_000))
    name = bench.start("sh", "-c", SERVE, port=8080, network_isolation=network_isolation)
    address = bench.runtime.address(name)
    assert address is not None
    wait_for(lambda: _fetch(address, "ping") == b"pong")
    assert _fetch(address, "large") == bytes(5_000_000)
    assert bench.reopen().address(name) == address


def test_without_isolation_a_server_is_reached_too(open_bench):
    bench = open_bench("none")
    (bench.ml / "ping").write_text("pong")
    name = bench.start("sh", "-c", SERVE.replace("/opt/ml", "$CLARY_ML_ROOT"), port=8080)
    address = bench.runtime.address(name)
    wait_for(lambda: _fetch(address, "ping") == b"pong")


def test_servers_started_together_get_ports_of_their_own(open_bench):
    bench = open_bench("none")
    names = [bench.start("sleep", "60", name=f"server-{number}", port=8080) for number in range(5)]
    addresses = {bench.runtime.address(name) for name in names}
    assert len(addresses) == 5
    for _, port in addresses:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    "asked", [{"network_isolation": True}, {"peers": ("algo-1", "algo-2")}], ids=["network", "hosts"]
)
def test_what_needs_isolation_is_refused_without_it(open_bench, asked):
    with pytest.raises(ClientFault, match=r"needs isolation.*bubblewrap"):
        open_bench("none").start("true", **asked)
