"""What the platform's child processes do alike before their own work begins."""

import argparse
import logging
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Self

from clary import settings
from clary.settings import Settings
from clary.supervisor import lifeline
from clary.supervisor.logs import write_log


@dataclass(frozen=True, slots=True)
class Assignment:
    """A child's settings and its ties to the supervisor. Descriptors are inherited ones.

    ``ready`` is None where nobody stands above: the process has a container of its own.
    """

    settings: Settings
    ready: int | None
    listeners: tuple[int, ...]

    @classmethod
    def accept(cls, arguments: Sequence[str] | None = None) -> Self:
        """Read the command line, open the log and follow the supervisor's life."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--name", required=True)
        parser.add_argument("--ready", type=int)
        parser.add_argument("--lifeline", type=int)
        parser.add_argument("--listen", type=int, action="append", default=[])
        parsed = parser.parse_args(arguments)
        chosen = settings.load()
        secrets = [chosen.secret_access_key, chosen.s3_secret_access_key]
        write_log(chosen.folder, parsed.name, secrets=secrets, console=parsed.lifeline is None)
        _allow_many_files()
        if parsed.lifeline is not None:
            lifeline.follow(parsed.lifeline)
        return cls(settings=chosen, ready=parsed.ready, listeners=tuple(parsed.listen))

    def end(self) -> NoReturn:
        """End the process at once: all is closed, and taking the interpreter down costs half a second."""
        logging.shutdown()
        os._exit(0)

    def announce_ready(self) -> None:
        """Tell the supervisor that the work has begun."""
        if self.ready is not None:
            lifeline.announce_ready(self.ready)


def _allow_many_files() -> None:
    # Every connection is a descriptor, and many systems start processes with a soft limit of 1,024.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
