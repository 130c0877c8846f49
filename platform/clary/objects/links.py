"""When a symbolic link inside a tree is harmless."""

from pathlib import PurePosixPath


def stays_inside(name: str, target: str) -> bool:
    """Whether the link ``name`` with this target stays in the tree, whatever other such links the tree has.

    It may climb first and then descend, no further up than the root. A ``..`` after a name is refused: behind
    a link it would climb out of a place that the path does not show.
    """
    climbs = 0
    parts = PurePosixPath(target).parts
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    depth = len(PurePosixPath(name).parts) - 1
    return not target.startswith("/") and climbs <= depth and ".." not in parts[climbs:]
