"""Containers for the tests of the built-in algorithms."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.training import TrainingContainer


@pytest.fixture
def container(tmp_path: Path) -> TrainingContainer:
    return TrainingContainer(tmp_path)


@pytest.fixture
def make_container(tmp_path: Path) -> Callable[..., TrainingContainer]:
    """Makes one of a job's containers; its name tells their folders apart."""
    return lambda name, **options: TrainingContainer(tmp_path / name, **options)
