"""docker-compose.yml from one command on: the main job, hardening, stop and start, the guide's commands."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.compose import MINIO_IMAGE, Stack, find_compose
from support.flow import Flow, model_of
from support.pages import DOCS, read_blocks, run_blocks

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900), pytest.mark.xdist_group("compose")]

# Each version of Compose and each profile once; .env chooses the first one's profile.
STACKS = [("1", "minio"), ("2", "embedded")]
PATIENCE = 500  # the first job builds the algorithm's image
REACH = (
    'python -c "import os, urllib.request as r;'
    "r.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_clary/health').read()"
    '"'
)


@pytest.fixture(scope="module")
def minio_image(docker_engine: Any) -> None:
    """The stand-in for MinIO."""
    docker_engine.images.build(path=str(Path(__file__).parent / "minio"), tag=MINIO_IMAGE, rm=True)


@pytest.fixture(scope="module", params=STACKS, ids="-".join)
def stack(
    request: pytest.FixtureRequest,
    minio_image: None,  # noqa: ARG001
    docker_engine: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A stack that one command brought up."""
    version, profile = request.param
    stack = Stack(find_compose(version), profile, tmp_path_factory.mktemp("stack") / "clary")
    try:
        stack.compose("up", "-d")
        yield stack
    finally:
        stack.remove(docker_engine)


@pytest.fixture(scope="module")
def flow(stack: Stack) -> Flow:
    """A user of the stack, who knows one URL and one key."""
    return Flow(stack.platform, patience=PATIENCE)


@pytest.fixture(scope="module")
def job(flow: Flow) -> str:
    """The main job, once it has ended."""
    name = flow.start_training(flow.upload())
    flow.finish(name)
    return name


@pytest.fixture(scope="module")
def endpoint(flow: Flow, job: str) -> str:
    """An endpoint of its model."""
    return flow.host(model_of(flow.describe(job)))


def test_the_main_job_trains_and_serves(flow: Flow, job: str, endpoint: str) -> None:
    assert flow.keys(model_of(flow.describe(job))) == {""}
    assert any("train-rmse" in line for line in flow.lines(job))
    flow.check(endpoint)


def test_the_profile_says_where_the_objects_are(stack: Stack, job: str, docker_engine: Any) -> None:
    del job
    services = stack.containers(docker_engine)
    assert ("minio" in services) is (stack.profile == "minio")
    assert {"setup", "postgres", "gateway", "controller"} == set(services) - {"minio"}


def test_one_port_is_published_and_one_service_has_the_socket(stack: Stack, docker_engine: Any) -> None:
    services = stack.containers(docker_engine)
    published = {
        (name, port, *binding.values())
        for name, container in services.items()
        for port, bindings in (container.attrs["NetworkSettings"]["Ports"] or {}).items()
        for binding in bindings or []
    }
    assert published == {("gateway", f"{stack.port}/tcp", "127.0.0.1", f"{stack.port}")}
    sockets = [
        name
        for name, container in services.items()
        if any(mount["Destination"].endswith("docker.sock") for mount in container.attrs["Mounts"])
    ]
    assert sockets == ["controller"]


def test_the_platform_is_an_ordinary_user(stack: Stack, docker_engine: Any) -> None:
    services = stack.containers(docker_engine)
    for name in ("gateway", "controller"):
        top = services[name].top(ps_args="-eo pid,uid,args")
        users = {uid for _, uid, command in top["Processes"] if "clary.supervisor" in command}
        assert users == {"10001"}, top
    for name, container in services.items():
        host = container.attrs["HostConfig"]
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name


def test_no_password_is_in_a_containers_environment(stack: Stack, docker_engine: Any) -> None:
    said = [
        variable
        for container in stack.containers(docker_engine).values()
        for variable in container.attrs["Config"]["Env"]
        if "=" in variable  # the others are passed on from the shell, which has none
    ]
    assert [variable for variable in said if "PASSWORD" in variable or "SECRET" in variable] == [
        "CLARY_SECRETS_DIR=/keys",
        "CLARY_SECRETS_DIR=/keys",
    ]


@pytest.mark.parametrize("hosts", [1, 2])
def test_containers_of_jobs_reach_the_platform(flow: Flow, hosts: int) -> None:
    described = flow.run(f"{REACH} && echo reached > model/m", hosts=hosts)
    assert flow.model(described) == {"m": "reached\n"}


def test_an_isolated_endpoint_is_refused(flow: Flow, job: str) -> None:
    name = flow.start_hosting(model_of(flow.describe(job)), EnableNetworkIsolation=True)
    described = flow.settle(name, status="Failed")
    assert "EnableNetworkIsolation" in described["FailureReason"]
    flow.take_down(name)


def test_stopping_and_starting_loses_nothing(stack: Stack, flow: Flow, job: str, endpoint: str) -> None:
    before = everything(flow, job)
    stack.compose("stop")
    stack.compose("start")
    assert everything(flow, job) == before
    flow.check(endpoint)
    flow.take_down(endpoint)
    stack.compose("down")
    stack.compose("up", "-d")
    assert everything(flow, job) == before
    again = flow.host(model_of(flow.describe(job)))
    flow.check(again)
    flow.take_down(again)


@pytest.mark.parametrize("stack", STACKS[:1], indirect=True, ids="-".join)
def test_the_guide_runs_from_up_to_restore(
    stack: Stack, flow: Flow, job: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = everything(flow, job)
    page = DOCS / "compose.md"
    spelled = " ".join(stack.command)
    blocks = [
        replace(block, text=block.text.replace("docker compose", spelled)) for block in read_blocks(page)
    ]
    environment = dict(stack.environment) | {
        "COMPOSE_FILE": str(request.config.rootpath / "docker-compose.yml"),
        "COMPOSE_PROFILES": stack.profile,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    printed = run_blocks(blocks, environment, cwd=tmp_path, seconds=PATIENCE)
    said = [block.output for block in blocks if block.output]
    assert [text for block, text in zip(blocks, printed, strict=True) if block.output] == said
    assert everything(flow, job) == before


def everything(flow: Flow, job: str) -> tuple[Any, ...]:
    """What is known of a job, what it printed, and what it made."""
    described = flow.describe(job)
    del described["ResponseMetadata"]
    return described, flow.lines(job), flow.get(model_of(described)), flow.keys(f"s3://{flow.bucket}/data/")
