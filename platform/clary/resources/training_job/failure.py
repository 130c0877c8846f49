"""Why a container failed, in the words that DescribeTrainingJob shows."""

from pathlib import Path

from clary.kernel.errors import AlgorithmFault, ClientFault, JobError, PlatformFault
from clary.runtimes.protocol import ContainerState, Phase

FAILURE_CHARACTERS = 960
_LAST_LINES = 5
_TAIL_BYTES = 4096


class ContainerLost(PlatformFault):
    """A container is gone and nobody saw its end: nothing of this attempt can be carried on."""


def failure_of(state: ContainerState, *, failure_file: Path, log: Path) -> JobError:
    """The job's error: the text of /opt/ml/output/failure, else the last log lines."""
    if state.phase is Phase.MISSING or state.lost:
        return ContainerLost(f"the container was lost: {state.error or 'it was removed'}")
    code = state.exit_code if state.exit_code is not None else -1
    text = _read(failure_file)
    if not text and state.out_of_memory:
        return ClientFault(
            "Please use an instance type with more memory, or reduce the size of training data processed "
            f"on an instance. (out of memory, exit code: {code})"
        )
    if not text and state.error:
        text = state.error
    if text.startswith("ClientError:"):
        return ClientFault(f"{text.removeprefix('ClientError:').strip()}, exit code: {code}")
    text = text.removeprefix("AlgorithmError:").strip() or _last_lines(log)
    return AlgorithmFault(f"{text}, exit code: {code}")


def _read(path: Path) -> str:
    # The container may have put a link or a pipe there: only a plain file is read.
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(4 * FAILURE_CHARACTERS).decode("utf-8", "replace").strip()[:FAILURE_CHARACTERS]


def _last_lines(log: Path) -> str:
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    return "\n".join(line.partition(" ")[2] for line in lines).strip()
