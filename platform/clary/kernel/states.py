"""Declared transition tables: which status may follow which."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class States:
    """The statuses of a kind and the moves between them.

    ``moves`` maps a status to those that may follow it; a status without followers is terminal. Staying in a
    status is always allowed, except that nothing may be written to a terminal one.
    """

    initial: str
    moves: Mapping[str, frozenset[str]]

    def __post_init__(self) -> None:
        unknown = {self.initial, *(target for targets in self.moves.values() for target in targets)} - set(
            self.moves
        )
        if unknown:
            raise ValueError(f"statuses without an entry in the table: {sorted(unknown)}")

    @classmethod
    def declare(cls, initial: str, **moves: str) -> "States":
        """A table from keyword lines: ``InProgress="Completed Failed Stopping", Completed=""``."""
        return cls(initial, {status: frozenset(targets.split()) for status, targets in moves.items()})

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses that nothing follows."""
        return frozenset(status for status, targets in self.moves.items() if not targets)

    def allows(self, source: str, target: str) -> bool:
        """Whether a row in ``source`` may be written as ``target``."""
        targets = self.moves.get(source, frozenset())
        return target in targets or (source == target and bool(targets))
