"""The folders that ship beside the code: ``containers`` and ``migrations``."""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def find_folder(name: Literal["containers", "migrations"]) -> Path:
    """The folder in an installed wheel (``clary/_NAME``), or in a checkout (``NAME`` at its root)."""
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name
