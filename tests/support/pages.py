"""The documentation's pages: their code blocks, links and tables."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN_SECONDS = 120

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block to run, and what the page says it prints (None: nothing is said)."""

    language: str
    text: str
    output: str | None = None


def find_blocks(name: str) -> list[tuple[str, str]]:
    """Language and text of every block of a page that can be run; the page's path is relative to the root."""
    return [(block.language, block.text) for block in read_blocks(ROOT / name)]


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page that can be run, each with the ``output`` block that follows it at once."""
    text = page.read_text()
    blocks: list[Block] = []
    end = 0
    for match in _BLOCK.finditer(text):
        language, content = match.groups()
        if language in {"sh", "python"}:
            blocks.append(Block(language, content))
        elif language == "output" and blocks and not text[end : match.start()].strip():
            blocks[-1] = replace(blocks[-1], output=content)
        end = match.end()
    return blocks


def read_files(page: Path) -> dict[str, str]:
    """The blocks that the reader saves as files: their first line is a comment with the file's name."""
    named = (
        re.match(r"(?:#|//) (\S+\.(?:py|java))\n", match[2]) for match in _BLOCK.finditer(page.read_text())
    )
    return {name[1]: name.string for name in named if name}


def find_section_blocks(page: Path, heading: str, language: str) -> list[str]:
    """The blocks of one language in a second-level section, also those that the page's run leaves out."""
    _, _, rest = page.read_text().partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0]
    return [match[2] for match in _BLOCK.finditer(section) if match[1] == language]


def run_blocks(
    blocks: list[Block], environment: Mapping[str, str], *, cwd: Path, seconds: float = RUN_SECONDS
) -> list[str]:
    """Run the blocks in order, in one session; what each printed. Fails where one fails."""
    session = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "page_session.py")],
        input=json.dumps([(block.language, block.text) for block in blocks]),
        env=dict(environment),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert session.returncode == 0, session.stderr
    outputs: list[str] = json.loads(session.stdout)
    return outputs


def count_outputs(page: Path) -> int:
    """How many ``output`` blocks a page has."""
    return sum(match[1] == "output" for match in _BLOCK.finditer(page.read_text()))


def links(page: Path) -> Iterator[str]:
    """The links of a page to other pages, or within itself; as they are written."""
    yield from _LINK.findall(_BLOCK.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def read_table(page: Path, *head: str) -> list[list[str]]:
    """The rows of the page's table with this head, cell by cell; code marks and bars in cells are kept."""
    return _read_rows(page.read_text(), head)


def read_sections(page: Path, *head: str) -> dict[str, list[list[str]]]:
    """By second-level heading, the rows of the table with this head that each section has."""
    sections = [part.partition("\n") for part in page.read_text().split("\n## ")[1:]]
    return {heading: _read_rows(text, head) for heading, _, text in sections}


def _read_rows(text: str, head: tuple[str, ...]) -> list[list[str]]:
    lines = text.splitlines()
    start = lines.index(f"| {' | '.join(head)} |")
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
