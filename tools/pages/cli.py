"""docs/cli.md: every command and its options."""

from typing import Any

import typer.main

from clary.cli.app import app
from pages import NOTICE

HEAD = """# Command line

Every command finds its platform by `--data-dir`, by `CLARY_DATA_DIR`, or at `~/.clary`.
"""


def render() -> str:
    """The page."""
    return NOTICE + HEAD + "".join(_render(typer.main.get_command(app), ()))


def _render(command: Any, path: tuple[str, ...]) -> list[str]:
    if hasattr(command, "commands"):
        return [part for name, child in command.commands.items() for part in _render(child, (*path, name))]
    lines = [f"\n## clary {' '.join(path)}\n\n{command.help}\n"]
    rows = [row for parameter in command.params if (row := _describe(parameter))]
    if rows:
        lines.append("\n| option | meaning |\n|---|---|\n" + "".join(rows))
    return lines


def _describe(parameter: Any) -> str | None:
    meaning = (parameter.help or "").replace("|", "\\|")
    if parameter.param_type_name == "argument":
        return f"| `{parameter.name.upper()}` | {meaning} |\n"
    if "--help" in parameter.opts:
        return None
    return f"| `{', '.join([*parameter.opts, *parameter.secondary_opts])}` | {meaning} |\n"
