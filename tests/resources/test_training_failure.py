"""What a container's end means for its job, where no real machine shows it at will."""

from pathlib import Path

import pytest

from clary.kernel.errors import JobError
from clary.resources.training_job.failure import failure_of
from clary.runtimes.protocol import ContainerState, Phase


def reason(folder: Path, state: ContainerState) -> str:
    """The failure reason of a container that left neither a failure file nor a log."""
    error: JobError = failure_of(state, failure_file=folder / "failure", log=folder / "log")
    return error.reason


def test_a_container_killed_for_its_memory(tmp_path: Path) -> None:
    said = reason(tmp_path, ContainerState(Phase.EXITED, exit_code=137, out_of_memory=True))
    assert said.startswith("ClientError: Please use an instance type with more memory")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ContainerState(Phase.MISSING), "it was removed"),
        (ContainerState(Phase.EXITED, exit_code=137, lost=True, error="killed"), "killed"),
    ],
)
def test_a_lost_container_is_the_platforms_fault(tmp_path: Path, state: ContainerState, said: str) -> None:
    assert reason(tmp_path, state) == f"InternalServerError: the container was lost: {said}"
