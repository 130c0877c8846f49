"""Small files that are whole or absent, never half written."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter; one that exists keeps its mode."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_atomically(path: Path, content: str | bytes, *, mode: int) -> None:
    """Replace the file's content in one step, readable as ``mode`` says from the first byte on."""
    with _written_beside(path, content, mode) as temporary:
        temporary.replace(path)


def write_once(path: Path, content: str | bytes, *, mode: int) -> None:
    """Write the file unless it exists: of several writers one wins, and all see what it wrote."""
    with _written_beside(path, content, mode) as temporary, suppress(FileExistsError):
        path.hardlink_to(temporary)


@contextmanager
def _written_beside(path: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
