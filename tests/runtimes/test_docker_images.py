"""Images are built from the catalog, pulled, or refused; containers are hardened. Needs an engine."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clary.kernel.errors import ClientFault, PlatformFault
from clary.kernel.ids import new_uid
from clary.runtimes.docker.ownership import reclaim
from clary.runtimes.docker.runtime import DockerRuntime
from clary.runtimes.protocol import Limits

pytestmark = pytest.mark.docker

URI = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
BASE = "python:3.11-slim"


@pytest.fixture
def docker_bench(open_bench):
    return open_bench("docker")


def test_jobs_that_ask_at_once_build_an_image_once(tmp_path, docker_engine):
    base = f"python:3.11-{new_uid()}"  # the same image by a new name: nothing is built for it yet
    docker_engine.images.get(BASE).tag(base)
    runtimes = [DockerRuntime(tmp_path / "data", base_image=base) for _ in range(2)]
    lines: list[str] = []
    lock = threading.Lock()

    def report(line: str) -> None:
        with lock:
            lines.append(line)

    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda runtime: runtime.prepare_image(URI, report=report), [*runtimes, *runtimes]))
        assert sum(line.startswith("Building the image") for line in lines) == 1
        assert any(line.startswith("Step") for line in lines)
    finally:
        docker_engine.images.remove(runtimes[0].images.local_name(URI))
        docker_engine.images.remove(base)


def test_a_build_that_fails_says_why(tmp_path):
    runtime = DockerRuntime(tmp_path, base_image="localhost:1/no-such-base:1")
    with pytest.raises(PlatformFault, match="could not be built"):
        runtime.prepare_image(URI)


def test_an_image_of_an_aws_registry_outside_the_catalog_is_missing(docker_bench):
    with pytest.raises(ClientFault, match=r"manifest for .*/not-here:1 not found"):
        docker_bench.runtime.check_image("123456789012.dkr.ecr.eu-west-1.amazonaws.com/not-here:1")


def test_a_custom_image_that_cannot_be_pulled_is_the_requests_fault(docker_bench):
    docker_bench.runtime.check_image("localhost:1/mine:1")
    with pytest.raises(ClientFault, match="localhost:1/mine:1"):
        docker_bench.runtime.prepare_image("localhost:1/mine:1")


def test_a_local_image_named_like_an_aws_registrys_is_the_users_own(docker_bench, docker_engine):
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/clary-test-own:1"
    docker_engine.images.get(BASE).tag(uri)
    try:
        docker_bench.runtime.check_image(uri)
        docker_bench.runtime.prepare_image(uri)
        state = docker_bench.run("python", "-c", "print('own')", image=uri)
        assert (state.exit_code, docker_bench.lines()) == (0, ["own"])
    finally:
        docker_bench.clean()
        docker_engine.images.remove(uri)


def test_a_custom_image_keeps_the_few_capabilities_that_root_needs(docker_bench):
    show = "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; id -u"
    change = "chown 12:34 /opt/ml && stat -c %u:%g /opt/ml"
    docker_bench.run("sh", "-c", f"{show}; {change}", image=BASE)
    capabilities, no_new, user, owner = (line.split()[-1] for line in docker_bench.lines())
    # CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10
    assert int(capabilities, 16) == sum(1 << bit for bit in (0, 1, 3, 5, 6, 7, 10))
    assert (no_new, user, owner) == ("1", "0", "12:34")


def test_limits_reach_the_engine(docker_bench, docker_engine):
    name = docker_bench.start("true", limits=Limits(cpus=1.0, memory=2**28, pids=64))
    config = docker_engine.containers.get(name).attrs["HostConfig"]
    assert (config["NanoCpus"], config["Memory"], config["PidsLimit"]) == (10**9, 2**28, 64)


def test_out_of_memory_is_told(docker_bench):
    state = docker_bench.python("x = bytearray(2**29)", limits=Limits(memory=2**27))
    assert (state.exit_code, state.out_of_memory) == (137, True)


def test_another_platforms_container_of_that_name_is_left_alone(docker_bench, tmp_path):
    name = docker_bench.start("sleep", "60")
    other = DockerRuntime(tmp_path / "other")
    assert other.inspect(name).phase == "missing"
    other.remove(name)
    with pytest.raises(PlatformFault, match="not of this platform"):
        other.start(docker_bench.spec("true"))
    assert docker_bench.runtime.inspect(name).phase == "running"


def test_files_that_root_wrote_become_the_platforms(docker_bench, docker_engine):
    name = docker_bench.start("sh", "-c", "umask 077; echo 1 > /opt/ml/model", image=BASE)
    docker_bench.finish(name)
    container = docker_engine.containers.get(name)
    reclaim(container, docker_bench.runtime.engine, uid=12345, gid=23456)
    owner = (docker_bench.ml / "model").stat()
    assert (owner.st_uid, owner.st_gid) == (12345, 23456)


def test_the_gateway_is_reached_by_the_engines_name_for_this_machine(docker_bench):
    url = docker_bench.runtime.platform_url("http://127.0.0.1:8820/path")
    assert url == "http://host.docker.internal:8820/path"
    assert docker_bench.run("getent", "hosts", "host.docker.internal").exit_code == 0


def test_a_log_is_whole_and_without_repeats_after_a_torn_write(docker_bench):
    name = docker_bench.start("sh", "-c", "for i in 1 2 3 4 5; do echo line-$i; done")
    docker_bench.finish(name)
    whole = docker_bench.log.read_bytes()
    docker_bench.log.write_bytes(whole[: len(whole) // 2])
    assert docker_bench.reopen().wait(name, 30).exit_code == 0
    assert docker_bench.log.read_bytes() == whole
