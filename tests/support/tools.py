"""Programs of the system that tests call."""

import shutil

import pytest


def curl(*arguments: str) -> list[str]:
    """A command line for curl that prints what it got, and errors alone beside it."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs curl")
    return [program, "--silent", "--show-error", *arguments]
