"""The page of what each client does lists every flow that the suite has, and no other."""

import json
import subprocess
import sys
from pathlib import Path

from support.pages import DOCS, ROOT, read_sections

Listed = set[tuple[str, str, str]]


def declared_flows(folder: Path) -> Listed:
    """Client, flow and runtime, as the tests' markers say; no test runs."""
    path = folder / "flows.json"
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "flow", "--flows", str(path), "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    return {(flow["client"], flow["name"], flow["runtime"]) for flow in json.loads(path.read_text())}


def listed_flows() -> Listed:
    """Client, flow and runtime, as the page has them; a dash says that the flow has no test there."""
    return {
        (client, flow, runtime)
        for client, rows in read_sections(DOCS / "compatibility.md", "flow", "process", "docker").items()
        for flow, *results in rows
        for runtime, result in zip(("process", "docker"), results, strict=True)
        if result != "-"
    }


def test_the_page_lists_the_flows_of_the_suite(tmp_path: Path) -> None:
    assert listed_flows() == declared_flows(tmp_path), "run 'make compatibility'"
