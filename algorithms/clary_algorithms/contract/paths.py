"""Where the contract puts things in a container."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class MLPaths:
    """The files and folders under the contract's root: ``CLARY_ML_ROOT``, which is ``/opt/ml`` if unset."""

    root: Path

    @classmethod
    def from_environment(cls) -> Self:
        return cls(Path(os.environ.get("CLARY_ML_ROOT", "/opt/ml")))

    @property
    def configuration(self) -> Path:
        return self.root / "input" / "config"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output_data(self) -> Path:
        return self.root / "output" / "data"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name

    def pipe(self, channel: str, epoch: int) -> Path:
        """The FIFO that streams a Pipe mode channel for the ``epoch``-th time, from 0."""
        return self.root / "input" / "data" / f"{channel}_{epoch}"

    def inside(self, path: str) -> Path:
        """A path under ``/opt/ml``, as a request names it, under this root."""
        return self.root / Path(path).relative_to("/opt/ml") if path.startswith("/opt/ml/") else Path(path)
