"""``python -m clary.supervisor``: what ``clary up`` becomes once it has checked its options.

The settings travel as CLARY_* variables, complete (see :func:`clary.cli.choices.environment_of`); this
process imports neither pydantic nor anything heavier.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from clary.supervisor.banner import format_banner
from clary.supervisor.keys import AccessKey
from clary.supervisor.lock import FolderInUse
from clary.supervisor.logs import write_log
from clary.supervisor.sockets import CannotListen
from clary.supervisor.supervisor import CannotStart, Plan, Supervisor

READY = "ready"


def main() -> int:
    """Run until stopped; 1 where the platform does not come up."""
    parser = argparse.ArgumentParser(prog="python -m clary.supervisor")
    parser.add_argument("--origin", required=True, help="scheme and host of the platform's URL")
    parser.add_argument("--also-listen", action="append", default=[], help="one more address for the port")
    parser.add_argument("--no-controller", action="store_true", help="leave that process out")
    parser.add_argument("--report", type=int, help="descriptor that is told 'ready', or why not")
    arguments = parser.parse_args()
    environment = dict(os.environ)
    folder = Path(environment["CLARY_DATA_DIR"])
    plan = Plan(
        folder=folder,
        host=environment["CLARY_HOST"],
        port=int(environment["CLARY_PORT"]),
        also_listen=tuple(arguments.also_listen),
        workers=int(environment["CLARY_WORKERS"]),
        controller=not arguments.no_controller,
        origin=arguments.origin,
        account=environment["CLARY_ACCOUNT_ID"],
        region=environment["CLARY_REGION"],
        database_url=environment["CLARY_DATABASE_URL"],
        runtime=environment["CLARY_RUNTIME"],
    )
    key = AccessKey(environment["CLARY_ACCESS_KEY_ID"], environment["CLARY_SECRET_ACCESS_KEY"])
    write_log(folder, "supervisor", secrets=[key.secret_access_key])
    return _run(plan, environment, key, arguments.report)


def _run(plan: Plan, environment: dict[str, str], key: AccessKey, report: int | None) -> int:
    def say_ready(url: str) -> None:
        banner = format_banner(
            url,
            account=plan.account,
            region=plan.region,
            key=key,
            folder=plan.folder,
        )
        _tell(report, READY, banner, sys.stdout.write)

    try:
        Supervisor(plan, environment).run(on_ready=say_ready)
    except FolderInUse:
        problem = f"A platform already runs on {plan.folder}: see 'clary status', or end it by 'clary down'."
    except (CannotListen, CannotStart) as error:
        problem = str(error)
    else:
        return 0
    _tell(report, problem, f"{problem}\n", sys.stderr.write)
    return 1


def _tell(report: int | None, word: str, text: str, write: Callable[[str], object]) -> None:
    """Answer whoever started a detached platform, or write to the terminal."""
    if report is None:
        write(text)
        sys.stdout.flush()
        return
    with os.fdopen(report, "w") as pipe:
        pipe.write(word)


if __name__ == "__main__":
    sys.exit(main())
