"""``clary status``: whether the platform answers, where, and by which processes."""

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import typer

from clary.cli.located import Found, find_platform
from clary.cli.options import AsJson, DataDir
from clary.cli.output import print_json

if TYPE_CHECKING:
    from clary.supervisor.record import PlatformRecord

HEALTH_SECONDS = 5.0
NOT_READY = 1
NOT_RUNNING = 3


def status(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say whether the platform is ready. Exit code 0: ready, 1: running but not ready, 3: not running."""
    found = find_platform(data_dir)
    report = _describe(found)
    if as_json:
        print_json(report)
    elif found.record is None:
        typer.echo(f"not running ({found.folder})")
    else:
        _print_table(found.record, report)
    if not report["ready"]:
        raise typer.Exit(NOT_READY if found.record else NOT_RUNNING)


def _describe(found: Found) -> dict[str, Any]:
    record = found.record
    report: dict[str, Any] = {
        "running": record is not None,
        "ready": record is not None and _is_healthy(record.url),
        "url": found.url,
        "data_dir": str(found.folder),
        "processes": [],
    }
    if record is not None:
        report |= {"version": record.version, "account": record.account, "region": record.region}
        report["started"] = record.started
        report["processes"] = [{"role": process.role, "pid": process.pid} for process in record.processes]
    return report


def _is_healthy(url: str) -> bool:
    import urllib.request

    # The address is the platform's own: no proxy stands between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/_clary/health", timeout=HEALTH_SECONDS) as answer:
            return answer.status == HTTPStatus.OK and bool(json.load(answer)["ready"])
    except (OSError, ValueError):
        return False


def _print_table(record: "PlatformRecord", report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    word = "[green]ready[/]" if report["ready"] else "[red]not ready[/]"
    console.print(f"{word} at {record.url}  (version {record.version}, {report['data_dir']})", soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("role", "pid", "up for"):
        table.add_column(heading)
    for process in record.processes:
        table.add_row(process.role, str(process.pid), f"{time.time() - process.started:.0f} s")
    console.print(table)
