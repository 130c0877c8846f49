"""Which flows of which client ran, and what came of them: ``pytest --flows FILE`` writes it as JSON.

A test says ``@pytest.mark.flow("AWS CLI v1", "train a model")``; several marks are allowed. With
``--collect-only`` the file says which flows there are, without results.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from support.clients import VERSIONS

PASSED = "passed"


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """What one client does on one runtime."""

    client: str
    name: str
    runtime: str


class FlowRecorder:
    """A plugin of pytest. Workers of xdist only mark their reports; the main process writes the file."""

    def __init__(self, config: pytest.Config) -> None:
        self._path = None if hasattr(config, "workerinput") else config.getoption("flows")
        self._collect_only = config.getoption("collectonly")
        self._results: dict[Flow, str | None] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let the item's reports carry its flows."""
        for flow in flows_of(item):
            item.user_properties.append(("flow", (flow.client, flow.name, flow.runtime)))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which flows there are."""
        if self._collect_only:
            self._results = {flow: None for item in session.items for flow in flows_of(item)}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A flow passes where every test of it passes, from set-up to clean-up."""
        for name, value in report.user_properties:
            if name == "flow":
                flow = Flow(*value)  # type: ignore[misc]
                if self._results.get(flow, PASSED) == PASSED:
                    self._results[flow] = result_of(report)

    def pytest_sessionfinish(self) -> None:
        """Write the file, if one is asked for."""
        if self._path is None:
            return
        lines = [
            asdict(flow) | {"version": VERSIONS[flow.client](), "result": self._results[flow]}
            for flow in sorted(self._results)
        ]
        path = Path(self._path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(lines, indent=2) + "\n")


def flows_of(item: pytest.Item) -> list[Flow]:
    """The flows that a test declares."""
    runtime = "docker" if item.get_closest_marker("docker") else "process"
    flows = [Flow(*mark.args, runtime=runtime) for mark in item.iter_markers("flow")]
    for flow in flows:
        if flow.client not in VERSIONS:
            raise pytest.UsageError(f"{item.nodeid}: support/clients.py knows no {flow.client}")
    return flows


def result_of(report: pytest.TestReport) -> str:
    """``passed``, or in one line why not."""
    reason: Any
    if hasattr(report, "wasxfail"):
        reason = report.wasxfail
    elif report.passed:
        return PASSED
    elif isinstance(report.longrepr, tuple):  # of a skipped test: path, line, reason
        reason = report.longrepr[2]
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = crash.message if crash else report.longreprtext
    return str(reason).strip().partition("\n")[0]
