"""Runs the blocks of a documentation page, given as JSON on stdin, in order; answers their outputs as JSON.

Python blocks share their names, as in one interactive session; a shell block is a shell of its own.
"""

import contextlib
import io
import json
import subprocess
import sys
import traceback
from typing import Any


def run_block(language: str, text: str, names: dict[str, Any]) -> str:
    """What the block prints; a block that fails ends this program with its error."""
    if language == "python":
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, "<block>", "exec"), names)  # noqa: S102 - the page is ours
        return printed.getvalue()
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if shell.returncode:
        sys.exit(f"{text}\n{shell.stdout}\n{shell.stderr}")
    return shell.stdout


def main() -> None:
    """Run every block."""
    names: dict[str, Any] = {}
    outputs = []
    for language, text in json.load(sys.stdin):
        try:
            outputs.append(run_block(language, text, names))
        except Exception:
            sys.exit(f"{text}\n{traceback.format_exc()}")
    json.dump(outputs, sys.stdout)


if __name__ == "__main__":
    main()
