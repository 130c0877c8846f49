"""A training container without a platform: the contract's files in a temporary root, and the real entry."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt


class TrainingContainer:
    """One host's root folder, and the process that runs in it."""

    def __init__(self, root: Path, *, hosts: Sequence[str] = ("algo-1",), current: str | None = None) -> None:
        self.root = root
        self._channels: dict[str, dict[str, str]] = {}
        self._configure("resourceconfig", {"current_host": current or hosts[0], "hosts": list(hosts)})
        self.add_hyperparameters({})

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def failure(self) -> str:
        path = self.root / "output" / "failure"
        return path.read_text() if path.exists() else ""

    def add_hyperparameters(self, values: Mapping[str, object]) -> None:
        self._configure("hyperparameters", {name: str(value) for name, value in values.items()})

    def add_channel(
        self, name: str, content_type: str | None, files: Mapping[str, bytes], **configuration: str
    ) -> None:
        self._channels[name] = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            **({"ContentType": content_type} if content_type else {}),
            **configuration,
        }
        self._configure("inputdataconfig", self._channels)
        folder = self.root / "input" / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)

    def start(
        self, *, image: str = "sagemaker-xgboost:3.0-5", algorithm: str = "xgboost"
    ) -> subprocess.Popen[str]:
        repository, _, tag = image.partition(":")
        environment = {
            **os.environ,
            "CLARY_ML_ROOT": str(self.root),
            "CLARY_IMAGE_REPOSITORY": repository,
            "CLARY_IMAGE_TAG": tag,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "clary_algorithms", algorithm, "train"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *, image: str = "sagemaker-xgboost:3.0-5", succeeds: bool = True) -> str:
        """Run to the end and return the log."""
        with self.start(image=image) as process:
            log, _ = process.communicate(timeout=120)
        assert (process.returncode == 0) is succeeds, log
        return log

    def _configure(self, name: str, content: object) -> None:
        path = self.root / "input" / "config" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def to_csv(features: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> bytes:
    """Rows as a training file has them: label first, no header."""
    rows = np.column_stack([labels, features]).tolist()
    return "".join(",".join(map(repr, row)) + "\n" for row in rows).encode()
