"""What the job was asked to do: hyperparameters, channels, hosts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary_algorithms.contract.errors import PlatformError
from clary_algorithms.contract.paths import MLPaths


@dataclass(frozen=True, slots=True)
class Channel:
    """An input channel. ``configuration`` is its entry in inputdataconfig.json."""

    name: str
    path: Path
    configuration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_type(self) -> str | None:
        return self.configuration.get("ContentType")

    @property
    def input_mode(self) -> str:
        return str(self.configuration.get("TrainingInputMode", "File"))

    @property
    def distribution(self) -> str:
        return str(self.configuration.get("S3DistributionType", "FullyReplicated"))

    def files(self, *, depth: int | None = None) -> list[Path]:
        """The channel's files in listing order, at most ``depth`` folders deep; none where it is absent."""
        return sorted(
            path
            for path in self.path.rglob("*")
            if path.is_file() and (depth is None or len(path.relative_to(self.path).parts) <= depth + 1)
        )


@dataclass(frozen=True, slots=True)
class Hosts:
    """The job's hosts in order, and which of them this is."""

    current: str
    names: tuple[str, ...]

    @property
    def rank(self) -> int:
        return self.names.index(self.current)


def read_hyperparameters(paths: MLPaths) -> dict[str, str]:
    return {str(name): str(value) for name, value in _read(paths, "hyperparameters.json").items()}


def read_channels(paths: MLPaths) -> dict[str, Channel]:
    entries = _read(paths, "inputdataconfig.json")
    return {name: Channel(name, paths.channel(name), entry) for name, entry in entries.items()}


def read_hosts(paths: MLPaths) -> Hosts:
    entries = _read(paths, "resourceconfig.json")
    hosts = Hosts(entries.get("current_host", "algo-1"), tuple(entries.get("hosts", ("algo-1",))))
    if hosts.current not in hosts.names:
        raise PlatformError(f"resourceconfig.json: current_host {hosts.current!r} is not among hosts")
    return hosts


def read_checkpoint_folder(paths: MLPaths) -> Path | None:
    """Where checkpoints are to be kept; None where the job has no CheckpointConfig.

    The folder is there, synchronised with S3, if and only if the job has one.
    """
    local_path = _read(paths, "checkpointconfig.json").get("LocalPath")
    if local_path is None:
        return paths.checkpoints if paths.checkpoints.is_dir() else None
    return paths.inside(local_path)


def _read(paths: MLPaths, name: str) -> dict[str, Any]:
    """A configuration file's object, empty where there is no file: local runs leave some out."""
    path = paths.configuration / name
    try:
        entries = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise PlatformError(f"{name} is not JSON: {error}") from error
    if not isinstance(entries, dict):
        raise PlatformError(f"{name} does not hold an object")
    return entries
