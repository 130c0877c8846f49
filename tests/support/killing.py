"""Kill -9 of a platform's process at a chosen boundary between two steps.

The process kills itself: see tests/chaos/inject/sitecustomize.py.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

INJECTED = Path(__file__).parents[1] / "chaos" / "inject"


@dataclass(frozen=True, slots=True)
class Shot:
    """One order to kill, and what became of it."""

    folder: Path
    id: str

    @property
    def hit(self) -> bool:
        """Whether the process was killed."""
        return (self.folder / f"{self.id}.killed").exists()

    @property
    def passed(self) -> list[str]:
        """The boundaries that were passed while the order stood; where it was hit, the last one is deadly."""
        path = self.folder / f"{self.id}.passed"
        return path.read_text().splitlines() if path.exists() else []


class Killings:
    """The orders for one platform, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        folder.mkdir(exist_ok=True)

    @property
    def variables(self) -> dict[str, str]:
        """What the platform's environment must have."""
        return {"PYTHONPATH": str(INJECTED), "CHAOS_FOLDER": str(self._folder)}

    @contextmanager
    def order(self, role: str, at: int, *, only: str = "") -> Iterator[Shot]:
        """Kill the process of a role (all whose name begins so count together) at its ``at``-th boundary.

        ``only`` counts those boundaries alone whose name begins so. The order is withdrawn with the block.
        """
        shot = Shot(self._folder, f"{next(self._numbers):03}-{role}")
        standing = self._folder / "order.json"
        draft = self._folder / "order.draft"
        draft.write_text(json.dumps({"id": shot.id, "role": role, "at": at, "only": only}))
        draft.replace(standing)
        try:
            yield shot
        except BaseException as error:
            error.add_note(f"boundary {at} of {role}, hit: {shot.hit}; passed: {shot.passed}")
            raise
        finally:
            standing.unlink(missing_ok=True)

    def walk(self, role: str, flow: Callable[[], None], *, only: str = "", at_least: int) -> None:
        """Go through a flow again and again, with a kill at one boundary later each time, until none is left.

        ``flow`` goes on until everything that it caused is done, and checks it. CHAOS_FIRST is where to
        begin, to look at the failure of one round again.
        """
        for at in count(int(os.environ.get("CHAOS_FIRST", "1"))):
            with self.order(role, at, only=only) as shot:
                flow()
            if not shot.hit:
                assert at > at_least, f"only {at - 1} boundaries were found: {shot.passed}"
                return
