"""Serving containers from the outside, as a machine's operator sees and hurts them."""

from typing import Any, Protocol

import psutil


class Machine(Protocol):
    """Where instances run; they are known by the ids that their log streams carry."""

    def is_running(self, instance_id: str) -> bool:
        """Whether anything of the instance is left."""

    def kill(self, instance_id: str) -> None:
        """Kill -9 the serving process."""


class ProcessMachine:
    """The process runtime: a watcher with the sandbox under it, and the server inside."""

    def is_running(self, instance_id: str) -> bool:
        return any(_find_processes(instance_id))

    def kill(self, instance_id: str) -> None:
        servers = {
            process
            for watcher in _find_processes(instance_id)
            for process in watcher.children(recursive=True)
            if _command(process)[1:3] == ["-m", "clary_algorithms"]
        }
        assert servers, f"no server of {instance_id} runs"
        for server in servers:
            server.kill()


class DockerMachine:
    """The Docker runtime: a container whose name ends with the id."""

    def is_running(self, instance_id: str) -> bool:
        return bool(self._find(instance_id, all=True))

    def kill(self, instance_id: str) -> None:
        (container,) = self._find(instance_id)
        container.kill(signal="SIGKILL")

    def _find(self, instance_id: str, **options: Any) -> list[Any]:
        import docker

        client = docker.from_env()
        try:
            found: list[Any] = client.containers.list(
                filters={"name": instance_id}, ignore_removed=True, **options
            )
            return found
        finally:
            client.close()


def _find_processes(word: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter()
        if any(word in argument for argument in _command(process))
    ]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it ended meanwhile
        return []
