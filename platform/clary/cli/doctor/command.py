"""The command: run the checks, print a table or JSON."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from clary.cli.doctor.checks import Finding, Verdict, examine
from clary.cli.doctor.clients import check_clients
from clary.cli.located import find_platform
from clary.cli.options import AsJson, DataDir
from clary.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOURS = {Verdict.OK: "green", Verdict.LIMITED: "yellow", Verdict.FAILED: "red"}


def doctor(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say what works here and how to mend what does not. Exit code 1 where the platform can't work."""
    found = find_platform(data_dir)
    findings = [*examine(found), *check_clients()]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


def _print(findings: "Sequence[Finding]") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        console.print(f"[{colour}]{finding.verdict:<8}[/] {finding.subject}: {escape(finding.detail)}")
        if finding.remedy:
            console.print(f"{'':<9}-> {finding.remedy}", markup=False)
