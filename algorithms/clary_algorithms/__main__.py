"""``python -m clary_algorithms ALGORITHM train|serve``: what a built-in algorithm's container runs.

An algorithm is a folder here: its ``train`` module has ``train(job)``, its ``serve`` module ``serve()``. The
folder's name is the algorithm's with underscores for dashes.
"""

import importlib
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from clary_algorithms.contract.termination import exit_on_sigterm
from clary_algorithms.contract.training import run_training

USAGE = "usage: python -m clary_algorithms ALGORITHM train|serve"


def find_algorithm(name: str, *, task: str) -> Callable[[], Callable[..., Any]]:
    """What imports the algorithm's ``train`` or ``serve`` when called; LookupError where there is none.

    The import is left to the caller: it takes time, and its failure must be reported as the task's own.
    """
    package = f"clary_algorithms.{name.replace('-', '_')}"
    if find_spec(package) is None or find_spec(f"{package}.{task}") is None:
        raise LookupError(f"no built-in algorithm {name!r} that can {task}")

    def load() -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(importlib.import_module(f"{package}.{task}"), task)
        return function

    return load


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[1] not in {"train", "serve"}:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    name, task = arguments
    try:
        load = find_algorithm(name, task=task)
    except LookupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if task == "serve":
        load()()
        return 0
    exit_on_sigterm()
    return run_training(load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
