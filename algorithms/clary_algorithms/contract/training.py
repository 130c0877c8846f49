"""The entry of a training container: runs an algorithm's ``train`` and reports how it ended."""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from clary_algorithms.contract.configuration import (
    Channel,
    Hosts,
    read_channels,
    read_hosts,
    read_hyperparameters,
)
from clary_algorithms.contract.errors import describe_failure
from clary_algorithms.contract.image import Image
from clary_algorithms.contract.paths import MLPaths

_LOG_FORMAT = "[%(asctime)s.%(msecs)03d {host}:%(process)d %(levelname)s] %(message)s"


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """All that an algorithm's ``train`` is given. Hyperparameters are strings, as the request has them."""

    paths: MLPaths
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Channel]
    hosts: Hosts
    image: Image

    @classmethod
    def from_environment(cls) -> Self:
        paths = MLPaths.from_environment()
        return cls(
            paths,
            read_hyperparameters(paths),
            read_channels(paths),
            read_hosts(paths),
            Image.from_environment(),
        )


def run_training(load_train: Callable[[], Callable[[TrainingJob], None]]) -> int:
    """Read the job, import the algorithm and run it; the exit status.

    A failure's text goes to ``output/failure``, from where the platform takes the FailureReason, and its
    traceback to the log.
    """
    paths = MLPaths.from_environment()
    try:
        job = TrainingJob.from_environment()
        _log_to_stdout(job.hosts.current)
        job.paths.model.mkdir(parents=True, exist_ok=True)
        load_train()(job)
    except Exception as error:  # every failure must reach the user, whatever it is
        traceback.print_exc(file=sys.stderr)
        paths.failure.parent.mkdir(parents=True, exist_ok=True)
        paths.failure.write_text(describe_failure(error))
        return 1
    return 0


def _log_to_stdout(host: str) -> None:
    # The SageMaker SDKs send the level as a number.
    level = os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL", "INFO")
    logging.basicConfig(
        stream=sys.stdout,
        level=int(level) if level.isdigit() else level,
        format=_LOG_FORMAT.format(host=host),
        datefmt="%Y-%m-%d:%H:%M:%S",
    )
