"""``clary status``: whether the platform answers, where, by which processes, and what is wrong."""

import json
import time
from typing import TYPE_CHECKING, Any

import typer

from clary.cli.located import Found, find_platform
from clary.cli.options import AsJson, DataDir
from clary.cli.output import print_json

if TYPE_CHECKING:
    from clary.supervisor.record import PlatformRecord

# The database is given three seconds to take a write, and the store two to answer.
HEALTH_SECONDS = 8.0
NOT_READY = 1
NOT_RUNNING = 3


def status(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say whether the platform is ready, and what is wrong. Exit code 0: ready, 1: not so, 3: not running."""
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
        "ready": False,
        "url": found.url,
        "data_dir": str(found.folder),
        "processes": [],
        "troubles": [],
    }
    if record is not None:
        report |= {"version": record.version, "account": record.account, "region": record.region}
        report["started"] = record.started
        report["processes"] = [{"role": process.role, "pid": process.pid} for process in record.processes]
        report |= _ask_health(record.url)
        report["troubles"] += _find_troubles(record)
    return report


def _ask_health(url: str) -> dict[str, Any]:
    import urllib.error
    import urllib.request

    # The address is the platform's own: no proxy stands between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/_clary/health", timeout=HEALTH_SECONDS) as answer:
            health = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            health = json.load(error)
    except (OSError, ValueError) as error:
        message = f"The gateway at {url} does not answer: {error}."
        return {"ready": False, "troubles": [{"subject": "gateway", "message": message}]}
    return {"ready": bool(health["ready"]), "troubles": list(health["troubles"])}


def _find_troubles(record: "PlatformRecord") -> list[dict[str, str]]:
    """What only this machine can tell."""
    roles = {process.role for process in record.processes}
    troubles = [
        {"subject": role, "message": f"The {role} is not running; the supervisor starts it again and again."}
        for role in record.roles
        if role not in roles
    ]
    if record.runtime == "docker":
        from clary.runtimes.engine_probe import try_engine

        if (problem := try_engine()) is not None:
            message = f"Jobs and endpoints wait: {problem}."
            troubles.append({"subject": "engine", "message": message})
    return troubles


def _print_table(record: "PlatformRecord", report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    word = "[green]ready[/]" if report["ready"] else "[red]not ready[/]"
    console.print(f"{word} at {record.url}  (version {record.version}, {report['data_dir']})", soft_wrap=True)
    for trouble in report["troubles"]:
        console.print(f"[red]{trouble['subject']}[/]: {escape(trouble['message'])}", soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("role", "pid", "up for"):
        table.add_column(heading)
    for process in record.processes:
        table.add_row(process.role, str(process.pid), f"{time.time() - process.started:.0f} s")
    console.print(table)
