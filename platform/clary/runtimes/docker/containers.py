"""What the engine tells of one container, and what can be done to it; what it answers late is no error."""

import time

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from clary.kernel.errors import ClientFault
from clary.runtimes.docker.logs import read_seconds
from clary.runtimes.protocol import ContainerState, Phase

CONFLICT = 409
PHASES = {
    "created": Phase.MISSING,
    "running": Phase.RUNNING,
    "paused": Phase.RUNNING,
    "restarting": Phase.RUNNING,
    "removing": Phase.MISSING,
}


def read_state(container: Container) -> ContainerState:
    """The engine's account of a container in Clary's words."""
    state = container.attrs["State"]
    phase = PHASES.get(state["Status"], Phase.EXITED)
    if phase is Phase.MISSING:
        return ContainerState(phase=phase)
    exited = phase is Phase.EXITED
    started, finished = read_seconds(state["StartedAt"]), read_seconds(state["FinishedAt"])
    return ContainerState(
        phase=phase,
        exit_code=int(state["ExitCode"]) if exited else None,
        out_of_memory=bool(state.get("OOMKilled")),
        started_at=started,
        finished_at=max(started, finished) if exited else None,  # the engine may note the start later
        error=state.get("Error") or None,
    )


def start_container(container: Container) -> None:
    """Start it; a command that isn't in the image is the request's fault."""
    try:
        container.start()
    except APIError as error:
        explanation = str(error.explanation or error)
        if "executable file not found" in explanation or "no such file or directory" in explanation:
            raise ClientFault(f"the container's command can't be run: {explanation}") from error
        raise


def wait_container(container: Container, timeout: float) -> None:
    """Block until it exits or the time is over."""
    deadline = time.monotonic() + timeout
    try:
        container.wait(timeout=max(timeout, 0.001))
    except NotFound:
        return
    except (ReadTimeout, RequestsConnectionError):
        if time.monotonic() < deadline:  # not the time limit: the connection itself broke
            raise


def signal_container(container: Container, number: str) -> None:
    """Signal it, where it still runs."""
    try:
        container.kill(signal=number)
    except APIError as error:  # it has ended meanwhile, or is gone
        if error.status_code not in {404, CONFLICT}:
            raise


def remove_container(container: Container) -> None:
    """Kill and remove it, where it still is."""
    try:
        container.remove(force=True, v=True)
    except APIError as error:  # gone, or being removed by another call
        if error.status_code not in {404, CONFLICT}:
            raise
