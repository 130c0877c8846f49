"""Chooses the runtime that the settings ask for."""

from clary.kernel.errors import PlatformFault
from clary.runtimes.engine_probe import try_engine
from clary.runtimes.protocol import Runtime
from clary.settings import Settings


def open_runtime(settings: Settings) -> Runtime:
    """The runtime of a data folder: ``auto`` is Docker where an engine answers, else processes.

    Raises PlatformFault where Docker is asked for by name and no engine answers.
    """
    problem = None if settings.runtime == "process" else try_engine()
    if settings.runtime == "process" or (settings.runtime == "auto" and problem):
        from clary.runtimes.process.runtime import ProcessRuntime

        return ProcessRuntime(settings.folder)
    if problem:
        raise PlatformFault(f"{problem}; start it, or choose the runtime `process`")
    from clary.runtimes.docker.engine import Engine  # loads the Docker SDK: 20 MB
    from clary.runtimes.docker.runtime import DockerRuntime

    return DockerRuntime(
        settings.folder,
        base_image=settings.base_image,
        build_network=settings.build_network,
        engine=Engine.find(network=settings.docker_network),
    )
