"""Runtimes to test, each on an empty data folder, and short ways to say what runs."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.kernel.ids import new_uid
from clary.runtimes.process.isolation import Isolation, try_isolation
from clary.runtimes.protocol import ContainerSpec, ContainerState, Mount, Phase, Runtime

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

_ISOLATED = [
    pytest.param("bubblewrap", id="bubblewrap"),
    pytest.param("user namespace", id="user-namespace"),
    pytest.param("docker", id="docker", marks=pytest.mark.docker),
]


def open_runtime_of_kind(kind: str, data_folder: Path) -> Runtime:
    """The runtime ``docker``, or ``process`` with one way of isolation."""
    if kind == "docker":
        from clary.runtimes.docker.runtime import DockerRuntime

        runtime = DockerRuntime(data_folder)
        runtime.prepare_image(IMAGE)
        return runtime
    from clary.runtimes.process.runtime import ProcessRuntime

    isolation = Isolation(kind)
    if problem := try_isolation(isolation):
        pytest.skip(f"{kind}: {problem}")
    return ProcessRuntime(data_folder, isolation=isolation)


class Bench:
    """One runtime, and the containers that a test starts on it."""

    def __init__(self, runtime: Runtime, *, kind: str, data_folder: Path) -> None:
        self.runtime = runtime
        self.kind = kind
        self.data_folder = data_folder
        self.log = data_folder / "logs" / "algo-1.log"
        self.ml = data_folder / "jobs" / "one" / "ml"
        self.ml.mkdir(parents=True)
        self._uid = new_uid()
        self._names: list[str] = []
        self._groups: set[str] = set()

    def reopen(self) -> Runtime:
        """The runtime as a restarted platform opens it."""
        return open_runtime_of_kind(self.kind, self.data_folder)

    def spec(self, *entrypoint: str, name: str = "one", **changes: object) -> ContainerSpec:
        """A container that runs ``entrypoint`` in the test's job folder."""
        spec = ContainerSpec(
            name=f"{self._uid}-{name}",
            image=IMAGE,
            entrypoint=entrypoint,
            mounts=(Mount(self.ml, "/opt/ml"),),
            group=self._uid,
            log_path=self.log,
        )
        spec = replace(spec, **changes)  # type: ignore[arg-type]  # a test names fields as it needs them
        self._names.append(spec.name)
        self._groups.add(spec.group)
        return spec

    def start(self, *entrypoint: str, **changes: object) -> str:
        """Start it; its name."""
        spec = self.spec(*entrypoint, **changes)  # type: ignore[arg-type]
        self.runtime.start(spec)
        return spec.name

    def run(self, *entrypoint: str, **changes: object) -> ContainerState:
        """Start it and wait for its end."""
        return self.finish(self.start(*entrypoint, **changes))

    def finish(self, name: str) -> ContainerState:
        """Wait for its end."""
        state = self.runtime.wait(name, 60)
        assert state.phase is Phase.EXITED, state
        return state

    def python(self, code: str, **changes: object) -> ContainerState:
        """Run Python code to its end."""
        return self.run("python", "-c", code, **changes)

    @property
    def marker(self) -> str:
        """A word that an argument may carry, to be found among this machine's processes."""
        return f"marker-{self._uid}"

    def find_processes(self) -> list[str]:
        """The command lines on this machine that carry the marker."""
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # a process may end while it is looked at
                lines.append(path.read_text(errors="replace").replace("\0", " "))
        return [line for line in lines if self.marker in line]

    def lines(self) -> list[str]:
        """What was printed, without timestamps."""
        return [line.split(" ", 1)[1] for line in self.log.read_text().split("\n")[:-1]]

    def clean(self) -> None:
        """Remove everything that was started."""
        for name in self._names:
            self.runtime.remove(name)
        for group in self._groups:
            self.runtime.remove_group(group)


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    """Makes a bench of one kind on an empty data folder."""
    benches: list[Bench] = []

    def open_one(kind: str) -> Bench:
        data_folder = tmp_path / "data"
        bench = Bench(open_runtime_of_kind(kind, data_folder), kind=kind, data_folder=data_folder)
        benches.append(bench)
        return bench

    yield open_one
    for bench in benches:
        bench.clean()


@pytest.fixture(params=[*_ISOLATED, pytest.param("none", id="no-isolation")])
def bench(request: pytest.FixtureRequest, open_bench: Callable[[str], Bench]) -> Bench:
    """Every runtime that runs here."""
    return open_bench(request.param)


@pytest.fixture(params=_ISOLATED)
def isolated_bench(request: pytest.FixtureRequest, open_bench: Callable[[str], Bench]) -> Bench:
    """Every runtime that keeps containers apart."""
    if request.param != "docker" and sys.platform != "linux":
        pytest.skip("sandboxes need Linux")
    return open_bench(request.param)
