"""What a benchmark found: samples of ours beside samples of the peer, and the rule that they must meet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median


class Comparison(StrEnum):
    """How two series of samples become one number."""

    RATIO = "ratio"
    """Ours over the peer's, of rates: above 1 ours is faster."""
    DIFFERENCE = "difference"
    """Ours less the peer's."""
    VALUE = "value"
    """Ours alone."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The median must reach ``bound``."""

    bound: float

    def holds(self, value: float) -> bool:
        return value >= self.bound

    def __str__(self) -> str:
        return f"≥ {self.bound:g}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """The median must not pass ``bound``."""

    bound: float

    def holds(self, value: float) -> bool:
        return value <= self.bound

    def __str__(self) -> str:
        return f"≤ {self.bound:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: a sample of each side a repetition, measured next to each other in time."""

    name: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    compare: Comparison
    rule: AtLeast | AtMost

    @property
    def compared(self) -> list[float]:
        """The number that counts, one a repetition."""
        match self.compare:
            case Comparison.RATIO:
                return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]
            case Comparison.DIFFERENCE:
                return [ours - peer for ours, peer in zip(self.ours, self.peer, strict=True)]
            case Comparison.VALUE:
                return list(self.ours)

    @property
    def holds(self) -> bool:
        """Whether the median meets the rule."""
        return self.rule.holds(median(self.compared))


@dataclass(slots=True)
class Report:
    """What one benchmark has to say; ``against`` names the peer with its version.

    ``failure`` says why the measurement is void, where it is.
    """

    title: str
    against: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was measured and every rule is met."""
        return not self.failure and all(finding.holds for finding in self.findings)


class Skipped(Exception):
    """The benchmark can't run here; the text says what is missing."""
