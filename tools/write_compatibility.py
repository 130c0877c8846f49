"""Write docs/compatibility.md from the file that ``pytest -m flow --flows FILE`` leaves."""

import datetime
import json
import platform
import sys
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"
RUNTIMES = ("process", "docker")
HEAD = """\
# Compatibility

What each client does against Clary, unmodified: written by `make compatibility` from the run of the tests
that do it. A dash: not run on that runtime.

Last run: {date}, Clary {clary}, Python {python}, {system}.
"""


def render(results: list[dict[str, Any]], date: datetime.date) -> str:
    """The page; ``results`` are sorted by client and flow."""
    parts = [
        HEAD.format(
            date=date.isoformat(),
            clary=version("clary"),
            python=platform.python_version(),
            system=platform.system(),
        )
    ]
    for client, of_client in groupby(results, key=lambda each: each["client"]):
        flows = list(of_client)
        parts.append(f"\n## {client}\n\nVersion {flows[0]['version']}.\n\n")
        parts.append(f"| flow | {' | '.join(RUNTIMES)} |\n|---|{'---|' * len(RUNTIMES)}\n")
        for name, of_name in groupby(flows, key=lambda each: each["name"]):
            told = {each["runtime"]: escape(each["result"] or "not run yet") for each in of_name}
            cells = [escape(name), *(told.get(runtime, "-") for runtime in RUNTIMES)]
            parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


def escape(text: str) -> str:
    """A text as a table's cell takes it: one short line without bars."""
    line = " ".join(text.split()).replace("|", "/")
    return line if len(line) <= 200 else f"{line[:199]}…"


def main() -> None:
    """Read the file that is named."""
    results = json.loads(Path(sys.argv[1]).read_text())
    PAGE.write_text(render(results, datetime.date.today()))


if __name__ == "__main__":
    main()
