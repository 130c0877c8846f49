"""The README's commands and its example run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.pages import ROOT, find_blocks
from support.running import clean_environment

SECONDS = 240


def make_targets() -> list[str]:
    """Targets that the pages tell the reader to make."""
    commands = "".join(text for page in ("README.md", "CONTRIBUTING.md") for _, text in find_blocks(page))
    return sorted(set(re.findall(r"^make (\w+)", commands, re.MULTILINE)))


def test_the_tour_runs_from_top_to_bottom(tmp_path: Path) -> None:
    script = ["set -euo pipefail"]
    for language, text in find_blocks("README.md"):
        if language == "python":
            script.append(f"python - <<'END_OF_EXAMPLE'\n{text}END_OF_EXAMPLE")
        else:
            script += [line for line in text.splitlines() if not line.startswith("make ")]
    environment = clean_environment(
        CLARY_DATA_DIR=str(tmp_path / "clary"),
        CLARY_PORT="0",
        CLARY_RUNTIME="process",
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    tour = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert tour.returncode == 0, f"{tour.stdout}\n{tour.stderr}"
    assert "ready at http://127.0.0.1:" in tour.stdout
    predictions = re.findall(r"^\d+\.\d+$", tour.stdout, re.MULTILINE)
    assert [float(value) for value in predictions] == pytest.approx([120, 200], rel=0.05)


@pytest.mark.parametrize("target", make_targets())
def test_the_named_targets_exist(target: str) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_to_files(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
