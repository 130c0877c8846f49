"""Write the pages of docs/ that follow from the code; ``--check`` only fails where one is stale."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pages import cli, coverage, settings

DOCS = Path(__file__).parents[1] / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings.render,
    "cli.md": cli.render,
    "coverage.md": coverage.render,
}


def main() -> int:
    """Render every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which pages are stale")
    check = parser.parse_args().check
    stale = [name for name, render in PAGES.items() if _read(DOCS / name) != render()]
    for name in stale:
        if check:
            sys.stdout.write(f"docs/{name} is stale: run 'make docs'\n")
        else:
            (DOCS / name).write_text(PAGES[name]())
    return 1 if check and stale else 0


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
