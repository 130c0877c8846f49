"""The guides' examples run as they stand and print what the pages say; their links lead somewhere."""

import os
import re
import sys
from pathlib import Path

import pytest
import typer.main

from clary.cli.app import app
from clary.settings import Settings
from support.pages import DOCS, anchors, count_outputs, links, read_blocks, run_blocks
from support.running import RunningPlatform, clean_environment

# Written for people who change Clary: what is in them is made up, or is no tour.
NOT_RUN = {"adding-a-resource.md", "performance.md"}
PAGES = sorted(DOCS.rglob("*.md"))
# They start and stop a platform of their own.
OWN_PLATFORM = {"operations.md"}
# tests/compose runs it, on the stack that it is about.
OWN_STACK = {"compose.md"}
# test_getting_started.py runs them, in the environments of their clients.
STARTS = set(DOCS.glob("getting-started/*.md"))
GUIDES = [
    page
    for page in PAGES
    if page.name not in NOT_RUN | OWN_PLATFORM | OWN_STACK and page not in STARTS and read_blocks(page)
]


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def check_page(page: Path, environment: dict[str, str], cwd: Path) -> None:
    """Run a page; each block that has an ``output`` block must print just that."""
    blocks = read_blocks(page)
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = run_blocks(blocks, environment | {"PATH": paths}, cwd=cwd)
    said = [block.output for block in blocks if block.output is not None]
    assert [text for text, block in zip(printed, blocks, strict=True) if block.output is not None] == said
    assert len(said) == count_outputs(page), "an output block must follow a block that is run"


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_a_guide_runs_and_prints_what_it_says(
    page: Path, platform_up: RunningPlatform, tmp_path: Path
) -> None:
    folder = {"CLARY_DATA_DIR": str(platform_up.data_dir), "HOME": str(tmp_path)}
    check_page(page, platform_up.environment | folder, tmp_path)


def test_the_guide_to_operations_runs_on_a_platform_of_its_own(tmp_path: Path) -> None:
    environment = clean_environment(
        CLARY_DATA_DIR=str(tmp_path / "clary"), CLARY_RUNTIME="process", LC_ALL="C"
    )
    check_page(DOCS / "operations.md", environment, tmp_path)
    assert (tmp_path / "clary.tar.gz").exists()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_pages_and_headings(page: Path) -> None:
    lost = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_index_names_every_page() -> None:
    listed = {(DOCS / link).resolve() for link in links(DOCS / "index.md")}
    assert {page for page in PAGES if page.name != "index.md"} - listed == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_settings_named_exist(page: Path) -> None:
    # The two that the platform sets for containers, and the tests' own, are not settings.
    known = {f"CLARY_{name.upper()}" for name in Settings.model_fields} | {"CLARY_ML_ROOT"}
    assert set(re.findall(r"\bCLARY_[A-Z][A-Z_\d]*[A-Z\d]\b", page.read_text())) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_named_exist(page: Path) -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:`|^|\$\(|> )clary ([a-z]+)", page.read_text(), re.MULTILINE))
    assert named - commands == set()
