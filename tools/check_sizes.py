"""Hold modules to 400 lines and functions to 60: prints what is over, and ends with exit code 1."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "platform",
    "algorithms",
    "migrations/env.py",
    "benchmarks",
    "tests",
    "tools",
    "examples",
    "containers",
)
MODULE_LINES = 400
FUNCTION_LINES = 60


def find_modules() -> Iterator[Path]:
    """Every Python file that is kept by hand."""
    for name in FOLDERS:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def find_excess(path: Path) -> Iterator[str]:
    """What is too long in one file, as lines for the report."""
    text = path.read_text()
    name = path.relative_to(ROOT)
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{name}: {lines} lines, {MODULE_LINES} allowed"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} allowed"


def main() -> int:
    """Check every module."""
    excess = [line for path in find_modules() for line in find_excess(path)]
    sys.stdout.writelines(f"{line}\n" for line in excess)
    return 1 if excess else 0


if __name__ == "__main__":
    sys.exit(main())
