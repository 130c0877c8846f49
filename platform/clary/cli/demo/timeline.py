"""Where the seconds of the demo went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Stage:
    """One named part of the demo; ``seconds`` is None while it runs."""

    name: str
    began: float
    note: str = ""
    seconds: float | None = None


class Audience(Protocol):
    """Whoever shows the demo while it runs."""

    def begin(self, stage: Stage) -> None:
        """A stage begins."""

    def say(self, line: str) -> None:
        """A line of the stage's own output, a job's log for example."""

    def end(self, stage: Stage) -> None:
        """The stage is over."""


@dataclass(slots=True)
class Timeline:
    """The stages in order."""

    audience: Audience
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time the block as a stage; an error passes through."""
        stage = Stage(name, began=time.monotonic())
        self.stages.append(stage)
        self.audience.begin(stage)
        yield stage
        stage.seconds = time.monotonic() - stage.began
        self.audience.end(stage)

    @property
    def total(self) -> float:
        """Seconds of all finished stages together."""
        return sum(stage.seconds or 0.0 for stage in self.stages)
