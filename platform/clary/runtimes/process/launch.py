"""How the small programs beside a process start: with the standard library alone, in milliseconds."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_BOOTSTRAP = (
    "import sys; sys.path.append(sys.argv[1]); "
    "sys.exit(__import__(sys.argv[2], fromlist=['main']).main(sys.argv[3:]))"
)


def program(name: str, *arguments: str) -> list[str]:
    """The command that runs ``main(arguments)`` of this package's module ``name``.

    ``-I -S`` keeps site-packages, PYTHONPATH and user settings out of it.
    """
    module = f"clary.runtimes.process.{name}"
    return [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, str(_ROOT), module, *arguments]
