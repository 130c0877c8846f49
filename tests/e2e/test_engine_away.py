"""A Docker engine that goes away for a while: jobs wait, endpoints serve, nothing is lost, nothing spins."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine_proxy import EngineProxy, engine_proxy
from support.flow import Flow
from support.jobs import statuses
from support.running import RunningPlatform, process_ids, running_platform, troubles
from support.waiting import wait_for

pytestmark = pytest.mark.docker

SCRIPT = "echo one; until rm model/go; do sleep 0.05; done 2>/dev/null; echo two; echo kept > model/m"
PATIENCE = 240


@pytest.fixture(scope="module")
def proxy() -> Iterator[EngineProxy]:
    """The way to the engine; its socket's path must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, engine_proxy(Path(folder)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def platform(proxy: EngineProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that knows the engine by the proxy alone."""
    folder = tmp_path_factory.mktemp("engine-away")
    with running_platform(folder, "--runtime", "docker", DOCKER_HOST=proxy.url) as platform:
        yield platform


def test_jobs_wait_and_endpoints_serve_while_the_engine_is_away(
    platform: RunningPlatform, proxy: EngineProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    flow = Flow(platform, patience=PATIENCE)
    log = platform.data_dir / "logs" / "platform" / "controller.log"
    endpoint = flow.host(flow.train())
    running = flow.create(SCRIPT)
    flow.says(running, "one")
    model = next((platform.data_dir / "jobs").glob("**/model"))
    before = log.read_text()
    proxy.cut()
    try:
        waiting = flow.create("echo kept > model/m")
        (model / "go").touch()
        wait_for(lambda: f"{waiting}: step failed (failure 3" in log.read_text(), what="an engine missed")
        flow.check(endpoint)
        assert set(troubles(platform)) == {"engine"}
        doctor = platform.clary("doctor")
        assert "no Docker engine answers" in doctor.stdout
        assert flow.describe(running)["TrainingJobStatus"] == "InProgress"
    finally:
        proxy.join()
    for name in (running, waiting):
        described = flow.finish(name)
        assert flow.model(described) == {"m": "kept\n"}
        assert statuses(described)[-2:] == ["Uploading", "Completed"]
    assert flow.lines(running) == ["one", "two"]
    flow.check(endpoint)
    assert troubles(platform) == {}
    flow.take_down(endpoint)
    # Each of the three resources missed the engine a handful of times: pauses grow.
    assert (log.read_text().removeprefix(before)).count("step failed") < 20


def test_a_controller_that_starts_without_the_engine_waits_for_it(
    platform: RunningPlatform, proxy: EngineProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    flow = Flow(platform, patience=PATIENCE)
    log = platform.data_dir / "logs" / "platform" / "controller.log"
    name = flow.create(SCRIPT)
    flow.says(name, "one")
    proxy.cut()
    try:
        os.kill(process_ids(platform.data_dir)["controller"], signal.SIGKILL)
        wait_for(lambda: "waiting to begin" in log.read_text(), what="a controller that waits")
        assert flow.describe(name)["TrainingJobStatus"] == "InProgress"
    finally:
        proxy.join()
    (next((platform.data_dir / "jobs").glob("**/model")) / "go").touch()
    assert flow.model(flow.finish(name)) == {"m": "kept\n"}
    assert flow.lines(name) == ["one", "two"]
