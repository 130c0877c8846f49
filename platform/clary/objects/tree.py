"""Walks a folder that a container wrote: what is safe to read out of it, and what is not.

The container may still run, and may swap a file for a link while it is read: files are opened part by part
without following links, so that nothing outside the folder is ever read.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clary.objects.links import stays_inside

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Non-blocking: a file may have become a FIFO, whose opening would wait for a writer.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Node:
    """A file, folder or link by its path below the root; ``target`` is where a link points."""

    name: str
    status: os.stat_result
    target: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_safe_link(self) -> bool:
        """Whether it is a symbolic link whose target lies inside the tree."""
        return self.target is not None and stays_inside(self.name, self.target)


def walk(root: Path) -> Iterator[Node]:
    """Every node below the root, sorted by name, folders before what they hold; links are not followed."""
    yield from _walk(root, "")


def open_file(root: Path, name: str) -> BinaryIO:
    """Open the regular file ``name`` below the root; ``OSError`` where a link is on the way, or no file."""
    *folders, last = PurePosixPath(name).parts
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER_FLAGS, dir_fd=at)
            os.close(at)
            at = below
        descriptor = os.open(last, _FILE_FLAGS, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{name} is not a regular file")
    return os.fdopen(descriptor, "rb")


def _walk(folder: Path, prefix: str) -> Iterator[Node]:
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        node = _node(entry, prefix)
        if node is not None:
            yield node
            if node.is_folder:
                yield from _walk(Path(entry.path), f"{node.name}/")


def _node(entry: os.DirEntry[str], prefix: str) -> Node | None:
    try:
        target = str(Path(entry.path).readlink()) if entry.is_symlink() else None
        return Node(f"{prefix}{entry.name}", entry.stat(follow_symlinks=False), target)
    except FileNotFoundError:  # removed since it was listed
        return None
