"""Compare the platform with its peers: ``python benchmarks/run.py [NAME…] [--json FILE]``.

Each benchmark measures ours and the peer in turns, in this run, on this machine; what counts is the ratio or
the difference. Exit code 1 where a rule is not met.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from kit.load import BadAnswer
from kit.results import Comparison, Finding, Report, Skipped
from rich.console import Console
from rich.markup import escape
from rich.table import Table

NAMES = (
    "training_job",
    "many_jobs",
    "start",
    "run_command",
    "sdk_fit",
    "control_plane",
    "listing",
    "object_store",
    "invoke",
)

# Where the output is kept in a file, tables are wider than the terminal that Rich assumes there.
console = Console(width=None if sys.stdout.isatty() else 132)


def main() -> int:
    """Run the benchmarks that were named, all of them where none was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the samples, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    console.print(describe_machine(), style="dim")
    reports = [report for name in arguments.names or NAMES if (report := run(name)) is not None]
    if arguments.json:
        arguments.json.write_text(json.dumps([to_json(report) for report in reports], indent=2) + "\n")
    return 0 if all(report.holds for report in reports) else 1


def run(name: str) -> Report | None:
    """Run one benchmark and print what it found; None where it can't run here."""
    measure: Callable[[], Report] = importlib.import_module(name).measure
    started = time.monotonic()
    with console.status(f"{name} …"):
        try:
            report = measure()
        except Skipped as reason:
            console.print(f"\n[bold]{name}[/] skipped: {reason}")
            return None
        except (BadAnswer, RuntimeError) as error:
            console.print(f"\n[bold]{name}[/] [red]failed[/]: {escape(str(error))}")
            return Report(title=name, against="", failure=str(error))
    console.print()
    console.print(tabulate(report))
    for note in report.notes:
        console.print(f"  {note}", style="dim")
    console.print(f"  took {time.monotonic() - started:.0f} s", style="dim")
    return report


def tabulate(report: Report) -> Table:
    """The report for a terminal."""
    table = Table(title=f"{report.title}, against {report.against}", title_justify="left")
    for heading in ("", "ours", "peer", "median", "min", "max", "rule", ""):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for finding in report.findings:
        compared = finding.compared
        unit = "x" if finding.compare is Comparison.RATIO else f" {finding.unit}"
        table.add_row(
            finding.name,
            f"{median(finding.ours):,.4g} {finding.unit}",
            f"{median(finding.peer):,.4g} {finding.unit}" if finding.peer else "",
            *(f"{value:,.3g}{unit}" for value in (median(compared), min(compared), max(compared))),
            str(finding.rule),
            "[green]met[/]" if finding.holds else "[red]missed[/]",
        )
    return table


def to_json(report: Report) -> dict[str, Any]:
    """The report with every sample."""
    return {
        "title": report.title,
        "against": report.against,
        "machine": describe_machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "findings": [to_members(finding) for finding in report.findings],
        "notes": report.notes,
        "failure": report.failure,
    }


def to_members(finding: Finding) -> dict[str, Any]:
    """One finding with every sample."""
    return {
        "name": finding.name,
        "unit": finding.unit,
        "ours": list(finding.ours),
        "peer": list(finding.peer),
        "compare": finding.compare,
        "compared": finding.compared,
        "rule": str(finding.rule),
        "holds": finding.holds,
    }


def describe_machine() -> str:
    """What the numbers depend on."""
    facts = (
        f"clary {version('clary')}",
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()}",
        f"{len(os.sched_getaffinity(0))} cores",
        f"load {os.getloadavg()[0]:.1f}",
    )
    return ", ".join(facts)


if __name__ == "__main__":
    sys.exit(main())
